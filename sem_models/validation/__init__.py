"""Scores and example images of a model during training."""
