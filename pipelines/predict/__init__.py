"""Applying models to files."""
