"""Micrographs generated from masks."""
