"""The dataset script and the card of this dataset."""
