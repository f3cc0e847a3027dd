"""Scores, floors and statistics."""
