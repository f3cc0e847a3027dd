"""Network architectures, one module each, and the table that lists them."""
