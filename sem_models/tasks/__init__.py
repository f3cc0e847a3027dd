"""What a recipe is for: one file for each task, and the table that lists them."""
