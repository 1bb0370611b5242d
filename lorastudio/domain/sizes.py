"""Sizes of files in words."""

from __future__ import annotations


def size_in_words(size_bytes: float) -> str:
    """ "812 bytes", "351 MB", "4.3 GB"; decimal units, as disks and downloads are sold in."""
    if size_bytes < 1e3:
        return f"{size_bytes:.0f} bytes"
    for unit, name in ((1e3, "KB"), (1e6, "MB"), (1e9, "GB")):
        if size_bytes < 999.5 * unit:
            figure = size_bytes / unit
            return f"{figure:.1f} {name}" if figure < 9.95 else f"{figure:.0f} {name}"
    return f"{size_bytes / 1e12:.1f} TB"
