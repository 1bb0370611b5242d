"""The two palettes. Green is good or live, red bad or stop, amber waiting, the accent chosen or running."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colours:
    """One palette, as "#rrggbb". `series2` and `series3` are for further curves in plots."""

    background: str
    side: str
    line: str
    text: str
    dim: str
    faint: str
    accent: str
    accent_back: str
    good: str
    good_back: str
    bad: str
    bad_back: str
    warn: str
    warn_back: str
    card: str
    field: str
    hover: str
    on_accent: str
    on_good: str
    series2: str
    series3: str


LIGHT = Colours(
    background="#ffffff",
    side="#f3f3f5",
    line="#e2e2e6",
    text="#1d1d1f",
    dim="#6e6e73",
    faint="#a1a1a6",
    accent="#0a6cff",
    accent_back="#e5f0ff",
    good="#1f8f4e",
    good_back="#e4f5ea",
    bad="#c9372c",
    bad_back="#fdeae8",
    warn="#b26a00",
    warn_back="#fff3dc",
    card="#fafafc",
    field="#ffffff",
    hover="#eaeaee",
    on_accent="#ffffff",
    on_good="#ffffff",
    series2="#e07b00",
    series3="#8e44ad",
)

DARK = Colours(
    background="#1c1c1e",
    side="#262629",
    line="#38383c",
    text="#f2f2f4",
    dim="#a1a1a8",
    faint="#6c6c72",
    accent="#3b8cff",
    accent_back="#1c3355",
    good="#3ecf7a",
    good_back="#17351f",
    bad="#ff6b5e",
    bad_back="#3d1b18",
    warn="#f0b04a",
    warn_back="#3a2c10",
    card="#232326",
    field="#2c2c30",
    hover="#323236",
    on_accent="#ffffff",
    on_good="#0c2415",
    series2="#ff9f43",
    series3="#c77dff",
)
