"""Scoring and comparing models."""
