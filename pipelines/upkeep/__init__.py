"""Keeping an installation in order: moving its store and removing what is no longer needed."""
