"""Small drawn sources of both datasets, for the demo and the tests.

Imported by nothing else: what is built from real data never comes through here.
"""
