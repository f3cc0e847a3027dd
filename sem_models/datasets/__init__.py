"""Prepared datasets: manifest, stored arrays, classes of label maps."""
