"""Bringing the two images of a pair into register, and measuring what is left."""
