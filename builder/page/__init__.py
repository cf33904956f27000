"""A finished build as one page: its rows, its pictures made small, its audit in tables.

`render` is the module to read first; `web/` is what the browser runs, and asks nothing
of the network. May enter: what a manifest and its Parquet files say, which is from
anybody. Not: a dataset's name, or how a build is made. May import: errors, limits,
images, output.
"""
