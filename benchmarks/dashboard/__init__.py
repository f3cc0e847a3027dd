"""How fast the pages answer with hundreds of runs in the store."""
