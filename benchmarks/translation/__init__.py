"""Translation between modalities on real micrographs."""
