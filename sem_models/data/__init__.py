"""Datasets: manifest, splits, patches."""
