"""Backup and restore of a whole store."""
