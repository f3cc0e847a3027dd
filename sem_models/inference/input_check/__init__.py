"""Whether an image resembles those that a model learned from."""
