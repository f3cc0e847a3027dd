"""Starting, queueing, cancelling and finding again long work."""
