"""Large images in tiles: the plan, the pieces, the stream of finished rows."""
