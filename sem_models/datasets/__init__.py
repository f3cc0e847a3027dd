"""Prepared datasets: manifest, stored arrays and label maps."""
