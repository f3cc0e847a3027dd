"""Signing in, and who the person of a session or of a request is."""
