"""Pages of the dashboard: data."""
