"""The version of trimset, for all that say it."""

__version__ = "0.1.0"
