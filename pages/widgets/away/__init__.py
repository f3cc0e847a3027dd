"""What a page says while its server does not answer."""
