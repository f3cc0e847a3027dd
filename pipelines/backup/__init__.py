"""A whole store: backed up, restored, written in open formats."""
