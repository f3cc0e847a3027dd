"""Scoring models: metrics, baselines, benchmarks and statistics."""
