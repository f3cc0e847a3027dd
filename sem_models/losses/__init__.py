"""Loss functions, and the table that lists them."""
