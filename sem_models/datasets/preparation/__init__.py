"""Preparation of datasets from raw files: finding the files, planning, and writing the dataset."""
