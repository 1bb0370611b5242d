"""The verbs of curation, each with the record that it prints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lorastudio.api import Studio
from lorastudio.domain.messages import Message
from lorastudio.domain.pair import PairOrder, PairState, Split
from lorastudio.domain.pair_filter import PairFilter
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs
from tests.cli.conftest import Call
from tests.store.samples import new_pair

TALK = (Message("user", "Hi"), Message("assistant", "Hello."), Message("user", "Bye"))


@pytest.fixture(autouse=True)
def four_pairs() -> None:
    with Library.open(Path(os.environ["LORASTUDIO_HOME"]), write=True) as library:
        assign_splits(library, {"group": Split.TRAIN})
        add_pairs(
            library,
            [
                new_pair("copper", language="en", confidence=0.9, margin=0.5),
                new_pair("cobre recozido", language="pt", confidence=0.4),
                new_pair("x", prompt=TALK, good="one", bad="two", language="en"),
                new_pair("x", prompt=TALK, good="three", bad="four", language="en", confidence=0.7),
            ],
        )


def ids(call: Call, *options: object) -> list[int]:
    return [pair["id"] for pair in call("pairs", *options).record["pairs"]]


def test_pairs_are_listed_by_any_filter_in_any_order(call: Call) -> None:
    assert ids(call, "--order", "confidence") == [1, 4, 2, 3]
    assert ids(call, "--order", "confidence", "--limit", 2, "--after", 4) == [2, 3]
    assert ids(call, "--language", "pt", "--language", "fr") == [2]
    assert ids(call, "--min-confidence", 0.7, "--max-gain", 0.9, "--state", "pending") == [1]
    assert ids(call, "--until", "2000-01-01") == []
    found = call("pairs", "--search", '"good cobre" RECOZ').record
    assert [pair["id"] for pair in found["pairs"]] == [2]
    assert found["snippets"]["2"]["good"]["spans"] == [[0, 10], [11, 19]]


def test_what_makes_no_sense_is_refused(call: Call) -> None:
    for arguments in (
        ("pairs", "--min-confidence", "0.9", "--max-confidence", "0.1"),
        ("pairs", "--since", "today"),
        ("pairs", "--state", "pending", "count"),
        ("pairs", "decide", "accepted"),
        ("pairs", "decide", "accepted", "--all", "--language", "pt"),
        ("pairs", "merge", 1, 2),
        ("pairs", "split", 1, "--into", "turns"),
        ("filters", "add", "empty"),
    ):
        done = call(*arguments)
        assert (done.code, set(done.record)) == (2, {"error"}), arguments
    assert call("pairs", "--filter", "none").code == 1
    assert call("filters", "remove", "none").code == 1


def test_a_decision_in_bulk_is_counted_first(call: Call) -> None:
    counted = call("pairs", "decide", "accepted", "--min-confidence", 0.5, "--dry-run").record
    assert counted == {"count": 2, "counts": {"pending": 2, "accepted": 0, "rejected": 0}, "dry_run": True}
    done = call("pairs", "decide", "accepted", "--min-confidence", 0.5).record
    assert done == {"changed": [1, 4], "count": 2, "undo": "acceptance of 2 pairs"}
    assert call("pairs", "count", "--by", "decided_by").record == {
        "by": "decided_by",
        "counts": {"bulk": 2, "nobody": 2},
        "total": 4,
    }
    assert call("pairs", "decide", "rejected", "--all").record["count"] == 4


def test_what_was_done_is_listed_undone_and_done_again(call: Call) -> None:
    call("reject", 1)
    call("pairs", "swap", 1, 2)
    assert call("undo").record["undo"] == "swap of 2 pairs"
    assert call("redo").record["changed"] == [1, 2]
    assert call("redo").code == 1
    call("undo")
    overall = call("history", "--limit", 2).record
    assert (overall["undo"], overall["redo"]) == ("rejection of pair 1", "swap of 2 pairs")
    assert [(action["kind"], action["who"], action["num_pairs"], action["state"]) for action in overall["actions"]] == [
        ("swap", "person", 2, "undone"),
        ("decide", "person", 1, "done"),
    ]
    history = call("pairs", "history", 1).record
    assert [entry["what"] for entry in history["history"]] == ["drafted", "decide", "swap"]
    assert [turn["state"] for turn in history["history"][2]["turns"]] == ["undone", "done", "undone"]
    assert call("pairs", "history", 99).code == 1


def test_pairs_are_split_and_merged(call: Call) -> None:
    assert call("pairs", "split", 3, "--into", "turns").record["count"] == 1
    assert call("pairs", "merge", 3, 4, "--good-from", 3).record["undo"] == "merge of pairs 3 and 4"
    texts = [(pair["good"], pair["bad"]) for pair in call("pairs").record["pairs"]]
    assert texts[2:] == [("Hello.", None), ("one", "four")]
    call("pairs", "split", 1)
    assert len(ids(call)) == 5


def test_a_saved_filter_can_be_narrowed(call: Call) -> None:
    saved = {"languages": ["en"], "max_confidence": 0.95}
    assert call("filters", "add", "english", "--language", "en", "--max-confidence", 0.95).record["filter"] == saved
    assert ids(call, "--filter", "english") == [1, 4]
    assert ids(call, "--filter", "english", "--min-confidence", 0.8) == [1]
    (listed,) = call("filters", "list").record["filters"]
    assert (listed["name"], listed["filter"]) == ("english", saved)
    call("filters", "remove", "english")
    assert call("filters", "list").record["filters"] == []


def test_what_a_saved_filter_means_is_exported(call: Call, tmp_path: Path) -> None:
    call("filters", "add", "english", "--language", "en")
    call("accept", 1)
    for options, written in (
        (("--filter", "english"), 3),
        (("--filter", "english", "--state", "accepted"), 1),
        ((), 1),
    ):
        assert call("export", tmp_path / "out.jsonl", *options).record["pairs"] == written


def test_python_does_the_same() -> None:
    with Studio() as studio:
        assert studio.decide(PairFilter(languages=("pt",)), PairState.REJECTED).pairs == (2,)
        studio.decide([1], PairState.ACCEPTED)
        studio.edit_pair(1, good="Copper it is.")
        studio.swap_pairs([1])
        studio.split_pairs([1])
        studio.merge_pairs(3, 4)
        assert [action.kind for action in studio.history()] == ["merge", "split", "swap", "edit", "decide", "decide"]
        studio.undo()
        studio.undo()
        assert studio.redo().undo_label == "split of pair 1 into answers"
        studio.undo()
        assert studio.count_pairs() == {PairState.PENDING: 2, PairState.ACCEPTED: 1, PairState.REJECTED: 1}
        (accepted,) = studio.list_pairs(PairFilter(states=(PairState.ACCEPTED,)), order=PairOrder.CONFIDENCE)
        assert (accepted.bad, [entry.what for entry in studio.pair_history(1)][-2:]) == (
            "Copper it is.",
            ["swap", "split"],
        )
