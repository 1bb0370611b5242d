"""Verified responses: one question to several teachers, kept when a quorum agrees."""
