"""Settings and capabilities of every network, one file per network, without torch."""
