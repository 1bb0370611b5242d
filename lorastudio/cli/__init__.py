"""The whole loop from a terminal."""
