"""Use case: people rate blinded pictures, real or generated."""
