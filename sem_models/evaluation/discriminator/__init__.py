"""Can a fresh classifier tell generated from real images?"""
