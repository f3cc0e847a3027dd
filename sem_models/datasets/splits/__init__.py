"""Groups (specimens) and their allocation to training, validation and test."""
