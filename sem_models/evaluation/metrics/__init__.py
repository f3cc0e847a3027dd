"""Scores of an image, one file for each family, and the table that lists them."""
