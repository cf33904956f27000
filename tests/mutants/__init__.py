"""Mutation testing of the pure rooms: README.md."""
