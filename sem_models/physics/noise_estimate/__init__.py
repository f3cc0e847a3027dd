"""Noise of an instrument, estimated from its images."""
