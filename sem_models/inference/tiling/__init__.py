"""Large images in tiles: the plan of tiles, cutting them out, and the stream of finished rows."""
