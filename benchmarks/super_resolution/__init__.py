"""Super-resolution on real micrographs."""
