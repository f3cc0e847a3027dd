"""Applying a model to micrographs of any size."""
