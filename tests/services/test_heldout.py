"""Held-out groups are frozen: whatever comes, goes and is cleaned, no group changes its side."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lorastudio.datasets.lint import Finding
from lorastudio.datasets.split import split_of
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.messages import user
from lorastudio.domain.pair import Decider, NewPair, Origin, PairState, Split
from lorastudio.services import curation
from lorastudio.services.arrivals import Arrivals
from lorastudio.services.cleaning.applying import apply_to_near
from lorastudio.services.cleaning.near import look_for_duplicates
from lorastudio.services.cleaning.personal import mask_exposed
from lorastudio.services.cleaning.translating import look_for_translations
from lorastudio.services.freezing import freeze_accepted
from lorastudio.services.importing import import_files
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, list_pairs
from tests.datasets.test_translations import ENGLISH, PORTUGUESE

TRAINED = "a"  # by its name this group is trained on, and the next one is held out
HELD = "o"
TEXTS = [" ".join(f"{letter}{number}" for number in range(40)) for letter in "uvwxyz"]


def arrive(library: Library, *pairs: NewPair) -> tuple[int, ...]:
    """Pairs come in as every pair does."""
    with library.transaction():
        arrivals = Arrivals(library)
        placed = arrivals.place(pairs)
        arrivals.assign(placed)
        return add_pairs(library, placed, state=PairState.ACCEPTED, decided_by=Decider.PERSON).ids


def sides(library: Library) -> dict[str, str]:
    return {row["name"]: row["split"] for row in library.rows("SELECT name, split FROM groups")}


def pair(text: str, group: str, prompt: str = "Why?") -> NewPair:
    return NewPair(user(prompt), text, None, group, Origin.IMPORTED)


def test_a_new_row_near_held_out_text_is_quarantined_and_trains_nothing(empty_library: Library, tmp_path: Path) -> None:
    assert (split_of(TRAINED), split_of(HELD)) == (Split.TRAIN, Split.HELDOUT)
    arrive(empty_library, pair(TEXTS[0], HELD, "Held?"), pair(TEXTS[1], TRAINED, "Trained?"))
    arrive(empty_library, pair(f"{TEXTS[0]} more", "b", "Held?"))
    arrive(empty_library, pair(f"{TEXTS[0]} again", TRAINED, "Held?"))
    assert sides(empty_library) == {HELD: "heldout", TRAINED: "train", "b": "quarantined"}
    assert [Finding.HELDOUT_CLASH in pair.lint for pair in list_pairs(empty_library)] == [False, False, True, True]
    frozen = freeze_accepted(empty_library, tmp_path)
    assert (frozen.train, frozen.heldout, frozen.quarantined) == (1, 1, 2)


def test_a_near_duplicate_of_what_is_trained_on_is_trained_on_whatever_its_name(empty_library: Library) -> None:
    arrive(empty_library, pair(TEXTS[1], TRAINED))
    arrive(empty_library, pair(f"{TEXTS[1]} more", HELD, "Why so?"))
    assert sides(empty_library) == {TRAINED: "train", HELD: "train"}


@pytest.mark.parametrize("group", [TRAINED, HELD])
def test_a_translation_lies_where_the_other_language_lies(empty_library: Library, group: str) -> None:
    other = HELD if group == TRAINED else TRAINED
    arrive(empty_library, pair(ENGLISH, group, "Tell me about it."))
    arrive(empty_library, pair(PORTUGUESE, other, "Fale sobre isso."))
    assert sides(empty_library) == {group: split_of(group), other: split_of(group)}
    assert all(pair.lint == () for pair in list_pairs(empty_library))


def imported(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "again.jsonl"
    rows = [{"prompt": f"Ask {n}?", "completion": text, "group": f"g{n}"} for n, text in enumerate(TEXTS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    list(import_files(library, [path], cancel=CancelToken()))


def looked(library: Library, tmp_path: Path) -> None:
    list(look_for_duplicates(library, None, CancelToken()))
    list(look_for_translations(library, None, CancelToken()))


def applied(library: Library, tmp_path: Path) -> None:
    looked(library, tmp_path)
    for one in list_pairs(library)[:2]:
        apply_to_near(library, one.id, PairState.REJECTED)


def edited(library: Library, tmp_path: Path) -> None:
    for one in list_pairs(library)[:2]:
        curation.edit_pair(library, one.id, good=f"{TEXTS[one.id % 6]} ana@hospital.org {one.id}")


def masked(library: Library, tmp_path: Path) -> None:
    mask_exposed(library, CancelToken(), forget=True)


def undone(library: Library, tmp_path: Path) -> None:
    if curation.undo_state(library).undo:
        curation.undo(library)


def merged(library: Library, tmp_path: Path) -> None:
    found = list_pairs(library)
    for one, other in pairwise(found):
        if one.prompt == other.prompt and one.split is other.split:
            curation.merge_pairs(library, one.id, other.id)
            return


def grown(library: Library, tmp_path: Path) -> None:
    count = len(list_pairs(library))
    for number in range(4):
        text = f"{TEXTS[(count + number) % 6]} copy {count + number}"
        arrive(library, pair(text, f"new {count}.{number}", f"Ask {number}?"))


STEPS: tuple[Callable[[Library, Path], None], ...] = (
    imported, looked, applied, edited, masked, undone, merged, grown,
)  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STEPS), min_size=4, max_size=9))
def test_whatever_happens_no_group_is_dealt_again(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Callable[[Library, Path], None]]
) -> None:
    folder = tmp_path_factory.mktemp("held")
    with Library.open(folder / "home", write=True) as library:
        imported(library, folder)
        known = sides(library)
        assert (known["g2"], known["g0"]) == ("heldout", "train")
        heldout = {pair.id for pair in list_pairs(library) if pair.split is Split.HELDOUT}
        for step in steps:
            step(library, folder)
            now = sides(library)
            assert {name: now[name] for name in known} == known, step.__name__
            known = now
            for one in list_pairs(library):
                if one.id in heldout:
                    assert one.split is Split.HELDOUT
