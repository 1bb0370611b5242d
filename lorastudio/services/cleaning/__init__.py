"""Cleaning: what the pairs of a library have in common, give away or should not hold, and mending it."""
