"""Creating and running trainings."""
