"""Backends: programs that compute a trained network for tiles of one shape, faster than PyTorch does step by step."""
