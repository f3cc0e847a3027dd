"""Drawing images with a trained diffusion model."""
