"""Denoising of real micrographs with simulated noise, of real frames, and of lattices."""
