"""Trained models that come with the program: weights, recipe, card and checksums, a folder for each."""
