"""Inpainting of dead, saturated and charged scan lines, measured on real micrographs."""
