"""Intervals, paired differences, agreement of raters."""
