"""Losses, and the table that lists them."""
