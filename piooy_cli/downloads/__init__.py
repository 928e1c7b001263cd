"""Saving assets: transferred whole, verified, and published under a good name."""
