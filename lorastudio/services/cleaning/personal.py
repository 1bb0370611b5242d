"""Personal data and secrets in pairs: found, and masked where a person wants it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from lorastudio.datasets.lint import lint_pair
from lorastudio.datasets.personal_data import Personal, find_personal, mask_personal
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.history import ActionKind
from lorastudio.domain.pair import Pair
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.services.arrivals import every_pair
from lorastudio.services.cleaning.findings import FROM_OTHERS
from lorastudio.store.library import Library
from lorastudio.store.masking import erasing, forget_texts, taken_by_others
from lorastudio.store.pairs import get_pairs, pair_hash, rewrite_pairs

__all__ = ["EVERY_KIND", "Exposed", "Masked", "Personal", "find_exposed", "mask_exposed"]

EVERY_KIND = tuple(Personal)


@dataclass(frozen=True, slots=True)
class Exposed:
    """What a pair holds, counted by kind; never what it says."""

    pair_id: int
    found: dict[str, int]


@dataclass(frozen=True, slots=True)
class Masked:
    """What masking did: `changes` is one undo step. `equal` pairs would then say what others say; they were left
    as they are. `forgotten` images of the undo history were emptied, which ends undo for these pairs' texts."""

    changes: Changes
    equal: tuple[int, ...]
    forgotten: int


def find_exposed(
    library: Library, cancel: CancelToken, chosen: PairFilter = EVERY_PAIR, kinds: Collection[Personal] = EVERY_KIND
) -> Iterator[Exposed]:
    """The pairs that hold personal data or secrets of these kinds, by id."""
    for pair in every_pair(library, chosen=chosen):
        cancel.check()
        counts = Counter(span.kind.value for text in _texts(pair) for span in find_personal(text, kinds))
        if counts:
            yield Exposed(pair.id, dict(sorted(counts.items())))


def mask_exposed(
    library: Library,
    cancel: CancelToken,
    chosen: PairFilter = EVERY_PAIR,
    kinds: Collection[Personal] = EVERY_KIND,
    *,
    forget: bool = False,
) -> Masked:
    """Put its kind in brackets in place of everything that `find_exposed` finds; one undo step.

    Undo can bring the texts back because the library keeps them in its history. With `forget` they are deleted
    there too, so that undo can't. Drafts, answers of servers, copies of the library and the files that were
    imported keep them in any case.
    """
    ids = [found.pair_id for found in find_exposed(library, cancel, chosen, kinds)]
    with erasing(library) if forget else nullcontext():
        return _mask(library, ids, kinds, forget)


def _mask(library: Library, ids: Sequence[int], kinds: Collection[Personal], forget: bool) -> Masked:
    with library.transaction():
        masked = [(pair, _masked(pair, kinds)) for pair in get_pairs(library, ids)]
        equal = _equal(library, masked)
        rewritten = [both for both in masked if both[0].id not in equal]
        what = f"pair {rewritten[0][0].id}" if len(rewritten) == 1 else f"{len(rewritten)} pairs"
        changes = rewrite_pairs(library, ActionKind.EDIT, f"masking of {what}", rewritten)
        forgotten = forget_texts(library, changes.pairs) if forget and changes.pairs else 0
    return Masked(changes, tuple(sorted(equal)), forgotten)


def _texts(pair: Pair) -> Iterator[str]:
    yield from (message.content for message in pair.prompt)
    yield from (text for text in (pair.good, pair.bad) if text is not None)
    yield from _strings(pair.extra)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _masked(pair: Pair, kinds: Collection[Personal]) -> Pair:
    new = replace(
        pair,
        prompt=tuple(replace(message, content=mask_personal(message.content, kinds)) for message in pair.prompt),
        good=None if pair.good is None else mask_personal(pair.good, kinds),
        bad=None if pair.bad is None else mask_personal(pair.bad, kinds),
        extra=_masked_strings(pair.extra, kinds),
    )
    kept = tuple(finding for finding in pair.lint if finding in FROM_OTHERS)
    return replace(new, lint=(*lint_pair(new), *kept))


def _masked_strings(value: Any, kinds: Collection[Personal]) -> Any:
    if isinstance(value, str):
        return mask_personal(value, kinds)
    if isinstance(value, dict):
        return {key: _masked_strings(item, kinds) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_strings(item, kinds) for item in value]
    return value


def _equal(library: Library, masked: list[tuple[Pair, Pair]]) -> set[int]:
    """Those that would say the same as another pair, or as one masked before them."""
    taken = taken_by_others(library, {old.id: pair_hash(new) for old, new in masked})
    seen: set[str] = set()
    for old, new in masked:
        digest = pair_hash(new)
        if digest in seen:
            taken.add(old.id)
        seen.add(digest)
    return taken
