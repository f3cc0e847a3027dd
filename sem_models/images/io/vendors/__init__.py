"""Pixel size and acquisition facts in TIFF files, one module per vendor."""
