"""Reading micrographs from files and writing them to files."""
