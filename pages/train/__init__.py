"""Pages of the dashboard: train."""
