"""Models that were trained elsewhere: read without running code from their files, and checked before they are used."""
