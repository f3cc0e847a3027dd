"""Pixel size and acquisition facts, one vendor each."""
