"""From raw files to a dataset: which files, planned how, written where."""
