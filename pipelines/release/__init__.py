"""Registering, exporting and serving models."""
