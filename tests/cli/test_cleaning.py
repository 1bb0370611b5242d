"""The verbs of cleaning, from what is typed to what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lorastudio.paths import application_home
from lorastudio.store.library import Library
from tests.cli.conftest import Call
from tests.services.cleaning.samples import LONG, add, pair


@pytest.fixture
def filled() -> Path:
    """A home with near-duplicates, an address and a pair that only says that it is longer."""
    home = application_home()
    with Library.open(home, write=True) as library:
        add(library, pair("Why?", LONG, "It is not."), pair("Why?", f"{LONG} more", "It is not."))
        add(library, pair("Who is it?", "Write to ana@hospital.org, please.", "I don't know who it is."))
    return home


def test_duplicates_are_found_listed_and_decided_on_together(call: Call, filled: Path) -> None:
    assert "not looked for" in call("clean", "apply", 1, "--state", "rejected").record["error"]["message"]
    found = call("clean", "duplicates").record
    assert (found["clusters"], found["marked"]) == (1, 1)
    assert "No embedder" in found["note"]
    listed = call("clean", "clusters", "duplicates").record
    assert (listed["look"]["method"], listed["clusters"]) == ("minhash", [{"number": 1, "pair_ids": [1, 2]}])
    near = call("clean", "apply", 1, "--state", "rejected").record
    assert (near["ids"], near["by_hand"]) == ([2], [])
    assert call("pairs", "--state", "rejected").record["pairs"] == []
    assert call("clean", "apply", 1, "--state", "rejected", "--yes").record["changed"] == [1, 2]
    assert call("undo").record["count"] == 2


def test_masking_counts_first_and_never_shows_what_it_found(call: Call, filled: Path) -> None:
    found = call("clean", "personal").record
    assert found == {"pairs": [{"pair_id": 3, "found": {"e-mail": 1}}], "count": 1}
    assert call("clean", "mask").record == found
    assert call("clean", "mask", "--kind", "CPF", "--yes").record["count"] == 0
    done = call("clean", "mask", "--yes", "--forget")
    assert (done.record["changed"], done.record["equal"]) == ([3], [])
    assert "hospital" not in done.out + done.err
    assert call("pairs", "--search", "mail").record["pairs"][0]["good"] == "Write to [e-mail], please."


def test_reports_are_one_object_each(call: Call, filled: Path) -> None:
    assert call("clean", "topics").record["looked_at"] == 3
    assert call("clean", "translations").record["clusters"] == 0
    assert call("clean", "lint").record["count"] == 2
    languages = call("clean", "languages").record
    assert sum(row["pairs"] for row in languages["counts"]) == 3
    assert call("clean", "lengths").record["overall"] is None
    assert call("clean", "lengths", "--state", "pending").record["overall"]["pairs"] == 3
    confidence = call("confidence").record
    assert (confidence["calibrated"], confidence["calibration"], confidence["decisions"]) == (False, None, 0)
    assert call("pairs").record["pairs"][0]["calibrated_confidence"] is None


@pytest.mark.parametrize(
    "verb", ["clusters topics", "personal", "languages", "lengths", "duplicates", "topics", "translations", "lint"]
)
def test_an_empty_library_has_nothing_to_clean(call: Call, verb: str) -> None:
    done = call("clean", *verb.split())
    assert done.code == 0
    assert json.loads(done.out)


def test_words_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, filled: Path) -> None:
    from lorastudio.cli.main import run_cli

    def said(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["lorastudio", *arguments])
        assert run_cli() == 0
        return capsys.readouterr().out

    assert "1 cluster of near-duplicates with 2 pairs" in said("clean", "duplicates", "--words-only")
    assert "has 1 near-duplicate: 2" in said("clean", "apply", "1", "--state", "accepted")
    assert "1, 2" in said("clean", "clusters", "duplicates")
    assert "1 e-mail" in said("clean", "personal")
    assert "undo history keeps what they said" in said("clean", "mask", "--yes")
    assert "Too few pairs to tell" in said("clean", "lengths", "--state", "pending")
    assert "en" in said("clean", "languages")
    assert "Not calibrated: 0 drafted pairs" in said("confidence")
    assert "like no other" in said("clean", "topics")
    assert "in both languages" in said("clean", "translations")
