"""Named recipes that come with the program, one file per family."""
