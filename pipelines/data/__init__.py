"""Preparing, simulating and characterising images."""
