"""Scores of an image, one family a file, and the table that lists them."""
