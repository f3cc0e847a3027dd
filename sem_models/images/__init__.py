"""Micrographs: reading, writing, data bars, intensity and display."""
