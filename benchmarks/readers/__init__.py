"""Damaged files, read in bounded time and memory."""
