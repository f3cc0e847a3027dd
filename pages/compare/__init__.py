"""Pages of the dashboard: compare."""
