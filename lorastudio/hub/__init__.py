"""Models from the hub: their names, the cache that all tools share, and downloads that can be killed at any moment."""
