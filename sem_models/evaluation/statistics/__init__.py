"""Confidence intervals, paired differences and agreement of raters."""
