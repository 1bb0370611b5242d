"""Curation: what is decided about pairs and done to them, and whether there are enough of them.

Each verb is one transaction and one undo step, and returns what changed.
"""

from __future__ import annotations

from lorastudio.services.curation.deciding import (
    accept_all_pending,
    decide,
    decide_all_pending,
    decide_filtered,
    minimum_confidence,
)
from lorastudio.services.curation.editing import edit_pair, swap_pairs
from lorastudio.services.curation.merging import merge_pairs
from lorastudio.services.curation.readiness import Readiness, readiness
from lorastudio.services.curation.searching import FoundPair, find_pairs
from lorastudio.services.curation.splitting import SplitInto, split_pairs
from lorastudio.store.actions import redo, undo, undo_state
from lorastudio.store.saved_filters import remove_filter, save_filter

__all__ = [
    "FoundPair",
    "Readiness",
    "SplitInto",
    "accept_all_pending",
    "decide",
    "decide_all_pending",
    "decide_filtered",
    "edit_pair",
    "find_pairs",
    "merge_pairs",
    "minimum_confidence",
    "readiness",
    "redo",
    "remove_filter",
    "save_filter",
    "split_pairs",
    "swap_pairs",
    "undo",
    "undo_state",
]
