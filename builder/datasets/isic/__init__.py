"""SIIM-ISIC 2020: slices of the metadata sorted by label, and a patient split."""
