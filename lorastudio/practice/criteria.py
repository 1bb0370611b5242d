"""The four criteria of the practice world, in the order in which they are shown everywhere."""

from __future__ import annotations

from collections.abc import Mapping

CRITERIA = ("facts", "units", "plain", "form")

# Which criteria a text meets; holds all four names.
Met = Mapping[str, bool]
