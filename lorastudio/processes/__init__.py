"""Starts and supervises child processes; free of Qt."""
