"""Translation between modalities."""
