"""Micrographs from files and to files."""
