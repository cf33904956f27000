"""trimset: trim large vision datasets to what a study needs, and publish them."""

__version__ = "0.1.0"
