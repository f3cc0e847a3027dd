"""What a run is, as frozen objects that import no torch: recipe, forward model, training settings, presets."""
