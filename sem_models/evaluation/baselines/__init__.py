"""Baselines that every model is compared with: interpolation, filters, constants."""
