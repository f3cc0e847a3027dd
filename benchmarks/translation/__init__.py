"""Translation between contrasts, on real images with and without pairs."""
