"""What a recipe is for: one file a task, and the table that lists them."""
