"""Estimation of the noise of an instrument from its images."""
