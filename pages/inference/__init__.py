"""Pages of the dashboard: inference."""
