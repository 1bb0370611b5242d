"""Targets a version can be deployed to."""
