"""How the starter models are made and what they reach."""
