"""Charts that several screens share."""
