"""Micrographs drawn from masks."""
