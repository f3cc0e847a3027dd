"""Use case: people judge blinded pictures, real or generated."""
