"""Starting, queueing, cancelling and finding long work."""
