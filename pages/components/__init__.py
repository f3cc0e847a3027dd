"""Pages of the dashboard: components."""
