"""Models that were trained elsewhere: read without running code from the file, and checked against their own program."""
