"""The split: which groups are trained on, which steer the training, which are held out.

It depends on the group's name alone, so the same group falls on the same side in every library and nothing
moves when rows are added. The library keeps the first assignment (see `store.groups`).
"""

from __future__ import annotations

import hashlib

from lorastudio.domain.pair import Split

HELDOUT_SHARE = 0.10
DEVELOPMENT_SHARE_OF_TRAIN = 0.05


def split_of(group: str) -> Split:
    """10% of all groups are held out, 5% of the others are the development set."""
    digest = hashlib.blake2b(group.encode("utf-8", "surrogatepass"), digest_size=16, person=b"split").digest()
    if _share(digest[:8]) < HELDOUT_SHARE:
        return Split.HELDOUT
    if _share(digest[8:]) < DEVELOPMENT_SHARE_OF_TRAIN:
        return Split.DEVELOPMENT
    return Split.TRAIN


def _share(digest: bytes) -> float:
    return int.from_bytes(digest, "big") / 2.0 ** (8 * len(digest))
