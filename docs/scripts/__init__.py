"""Builds the documentation site from handwritten pages and pages generated from the program."""
