"""Scores, baselines and statistics."""
