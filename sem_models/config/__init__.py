"""Definition of a training run in immutable objects without torch: recipe, forward model, settings, presets."""
