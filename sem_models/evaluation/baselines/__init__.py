"""What every model is compared with: interpolation, filters, constants."""
