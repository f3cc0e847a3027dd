"""Measurements on real data. Tests never assert these numbers."""
