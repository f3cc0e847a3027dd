"""The discriminator test: whether a fresh classifier can tell generated from real images."""
