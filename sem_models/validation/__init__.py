"""Scores and samples of a model while it is trained."""
