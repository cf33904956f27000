"""Random bytes for every parser: only trimset's own errors may come out of them."""
