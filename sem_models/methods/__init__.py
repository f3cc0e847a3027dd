"""Training methods: how networks learn, one file per method."""
