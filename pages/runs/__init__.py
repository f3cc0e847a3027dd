"""Pages of the dashboard: runs."""
