"""Training patches drawn from a dataset."""
