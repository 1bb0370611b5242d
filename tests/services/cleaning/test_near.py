"""Looks for near-duplicates: what is marked, kept and taken back."""

from __future__ import annotations

import pytest

from lorastudio.datasets.lint import Finding
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, KnownError
from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.services import curation
from lorastudio.services.cleaning.applying import apply_to_near, near_duplicates
from lorastudio.services.cleaning.embedder import NO_EMBEDDER
from lorastudio.services.cleaning.near import look_for_duplicates
from lorastudio.store.clusters import ClusterKind, last_look, list_clusters
from lorastudio.store.library import Library
from lorastudio.store.pairs import get_pair, list_pairs
from tests.services.cleaning.samples import LONG, add, embedder, last, pair


def lint(library: Library) -> list[tuple[str, ...]]:
    return [pair.lint for pair in list_pairs(library)]


def test_repetitions_are_marked_but_the_first_one_and_undo_takes_it_back(empty_library: Library) -> None:
    add(empty_library, pair("Why?", LONG), pair("How?", "Like this."), pair("Why?", f"{LONG} more"))
    before = lint(empty_library)
    found = last(look_for_duplicates(empty_library, None, CancelToken()))
    assert (found.looked_at, found.clusters, found.pairs, found.to_ask, found.marked) == (3, 1, 2, 0, 1)
    assert found.note == NO_EMBEDDER
    assert lint(empty_library) == [(), (), (Finding.NEAR_DUPLICATE,)]
    assert [cluster.pair_ids for cluster in list_clusters(empty_library, ClusterKind.DUPLICATES)] == [(1, 3)]
    again = last(look_for_duplicates(empty_library, None, CancelToken()))
    assert (again.marked, again.undo) == (0, "")
    assert curation.undo(empty_library).undo_label == "near-duplicates marked"
    assert lint(empty_library) == before


def test_a_mark_goes_when_its_twin_was_changed_and_nearness_to_held_out_text_stays(empty_library: Library) -> None:
    add(empty_library, pair("Why?", LONG, group="held"), split=Split.HELDOUT)
    add(empty_library, pair("Why?", f"{LONG} more", group="new"))
    found = last(look_for_duplicates(empty_library, None, CancelToken()))
    assert (found.clashes, found.marked) == (1, 1)
    assert lint(empty_library)[1] == (Finding.NEAR_DUPLICATE, Finding.HELDOUT_CLASH)
    curation.edit_pair(empty_library, 1, good="Something else altogether.")
    last(look_for_duplicates(empty_library, None, CancelToken()))
    assert lint(empty_library)[1] == (Finding.HELDOUT_CLASH,)
    assert [pair.split for pair in list_pairs(empty_library)] == [Split.HELDOUT, Split.TRAIN]


def test_a_look_that_is_stopped_changes_nothing(empty_library: Library) -> None:
    add(empty_library, pair("Why?", LONG), pair("Why?", f"{LONG} more"))
    cancel = CancelToken()
    looking = look_for_duplicates(empty_library, None, cancel)
    next(looking)
    cancel.cancel()
    with pytest.raises(Cancelled):
        list(looking)
    assert lint(empty_library) == [(), ()]
    assert last_look(empty_library, ClusterKind.DUPLICATES) is None


def test_embeddings_find_other_words_ask_in_between_and_are_computed_once(empty_library: Library) -> None:
    angles = {"Because of scattering.": 0, "Light is scattered.": 10, "Air does it, mostly.": 35, "Magic.": 120}
    add(empty_library, *(pair("Why is it blue?", answer) for answer in angles))

    def angle(text: str) -> float:
        return next(way for answer, way in angles.items() if text.endswith(answer))

    with embedder(empty_library, angle) as (vectors, server):
        found = last(look_for_duplicates(empty_library, vectors, CancelToken()))
        asked = len(server.requests)
        last(look_for_duplicates(empty_library, vectors, CancelToken()))
        assert len(server.requests) == asked
    assert [c.pair_ids for c in list_clusters(empty_library, ClusterKind.DUPLICATES)] == [(1, 2)]
    assert [c.pair_ids for c in list_clusters(empty_library, ClusterKind.ALIKE)] == [(2, 3)]
    assert (found.clusters, found.to_ask) == (1, 1)
    assert "flat" in found.note
    look = last_look(empty_library, ClusterKind.DUPLICATES)
    assert look is not None and (look.method, look.model, look.last_pair_id) == ("embeddings", "flat", 4)


def test_other_numbers_other_languages_and_missing_answers_are_never_merged(empty_library: Library) -> None:
    add(
        empty_library,
        pair("Report: temperature 650 K.", "It was heated to 650 K for the whole of the time."),
        pair("Report: temperature 550 K.", "It was heated to 550 K for the whole of the time."),
        pair("Relato: temperatura 650 K.", "Ela foi aquecida a 650 K durante todo o tempo."),
        pair("Report: heated to 650 K.", None, "It was at 650 K for the whole of the time."),
    )
    with embedder(empty_library, lambda text: 0.0) as (vectors, _):
        last(look_for_duplicates(empty_library, vectors, CancelToken()))
    assert list_clusters(empty_library, ClusterKind.DUPLICATES) == []
    assert [c.pair_ids for c in list_clusters(empty_library, ClusterKind.ALIKE)] == [(1, 2)]


def test_a_decision_goes_to_near_duplicates_but_not_over_a_persons(empty_library: Library) -> None:
    ids = add(empty_library, *(pair("Why?", f"{LONG} {more}") for more in ("", "a", "b", "c")), pair("Who?", "Me."))
    with pytest.raises(KnownError, match="not looked for yet"):
        near_duplicates(empty_library, ids[0])
    last(look_for_duplicates(empty_library, None, CancelToken()))
    curation.decide(empty_library, [ids[1]], PairState.ACCEPTED, Decider.PERSON)
    (late,) = add(empty_library, pair("Why?", f"{LONG} d"))
    near = near_duplicates(empty_library, ids[0])
    assert (near.ids, near.by_hand, near.not_looked_at) == (ids[1:4], (ids[1],), 1)
    before = list_pairs(empty_library)
    changes = apply_to_near(empty_library, ids[0], PairState.REJECTED)
    assert changes.pairs == (ids[0], ids[2], ids[3])
    assert {get_pair(empty_library, one).state for one in changes.pairs} == {PairState.REJECTED}
    assert get_pair(empty_library, ids[1]).state is PairState.ACCEPTED
    assert get_pair(empty_library, late).state is PairState.PENDING
    curation.undo(empty_library)
    assert list_pairs(empty_library) == before


def test_a_pair_that_was_edited_since_is_no_near_duplicate_any_more(empty_library: Library) -> None:
    ids = add(empty_library, pair("Why?", LONG), pair("Why?", f"{LONG} more"))
    last(look_for_duplicates(empty_library, None, CancelToken()))
    curation.edit_pair(empty_library, ids[1], good="Nothing of the kind.")
    assert near_duplicates(empty_library, ids[0]).ids == ()
    assert apply_to_near(empty_library, ids[0], PairState.ACCEPTED).pairs == (ids[0],)
    assert get_pair(empty_library, ids[0]).decided_by is Decider.PERSON
