"""Simulated specimens whose true image is known."""
