"""Micrographs: reading and writing, data bars, intensities, provenance and display."""
