"""Refocusing of real micrographs."""
