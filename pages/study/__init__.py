"""Pages of the dashboard: study."""
