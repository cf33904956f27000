"""COCO 2017: the twenty classes of the study, trimmed as its notebook did it."""
