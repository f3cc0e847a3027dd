"""Named recipes, one file a family."""
