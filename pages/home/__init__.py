"""Pages of the dashboard: home."""
