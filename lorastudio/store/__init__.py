"""The library: one SQLite file through sqlite-utils."""
