"""Frozen dataclasses and pure rules; standard library only."""
