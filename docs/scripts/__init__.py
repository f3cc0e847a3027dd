"""Makes the documentation site: pages that are written by hand, and pages generated from the program."""
