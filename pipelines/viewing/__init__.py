"""Images for a viewer: pyramids of grey values on disk, tiles, and what is measured in them."""
