"""Cycles with a rubric, checks and a budget of their own, estimates, and rubrics by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lorastudio.cli.main import run_cli
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.paths import application_home
from lorastudio.services.drafting.rubrics import shipped_rubric
from lorastudio.store.endpoints import add_endpoint
from lorastudio.store.library import Library
from lorastudio.store.questions import list_all_questions
from tests.cli.conftest import Call
from tests.servers import Reply, Request, ScriptedServer, scripted, stream

LETTERS = {"name": "letters", "criteria": [{"name": "kind", "levels": ["rude", "kind"]}]}
USED = {"prompt_tokens": 40, "completion_tokens": 20}


def write_and_judge(request: Request) -> Reply:
    told = request.body["messages"][0]["content"]
    if not told.startswith("You are a critic"):
        return stream(f"Dear {request.index}, here is {'a lot ' * request.index}to say.", usage=USED)
    schema = request.body["response_format"]["json_schema"]["schema"]["properties"]["scores"]["properties"]
    scores = {name: limits["maximum"] for name, limits in schema.items()}
    return stream(json.dumps({"scores": scores, "issues": [], "abstain": False}), usage=USED)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Writer and critic of the home, with prices."""
    with scripted(write_and_judge) as running:
        with Library.open(application_home(), write=True, verb="test") as library:
            for name, role in (("pen", Role.WRITER), ("red", Role.CRITIC)):
                prices = {"prompt_price": 1.0, "completion_price": 2.0}
                add_endpoint(library, Endpoint(name, role, running.url, model="tiny", **prices))
        yield running


def test_rubrics_are_listed_added_shown_edited_and_removed(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "letters.json"
    file.write_text(json.dumps(LETTERS))
    assert call("rubric", "add", file).record["name"] == "letters"
    assert [row["name"] for row in call("rubric", "list").record["rubrics"] if row["own"]] == ["letters"]
    file.write_text(json.dumps({**LETTERS, "criteria": [{"name": "kind", "levels": ["rude", "so so", "kind"]}]}))
    assert call("rubric", "edit", "letters", file).code == 0
    shown = call("rubric", "show", "letters").record
    assert shown["criteria"] == [{"name": "kind", "levels": ["rude", "so so", "kind"], "weight": 1.0}]
    assert call("rubric", "show", "code", "--language", "pt").record == shipped_rubric("code.pt").as_record()
    assert call("rubric", "remove", "letters").record == {"removed": "letters"}
    assert call("rubric", "remove", "letters").code == 1
    assert call("rubric", "show", "letters").code == 2


def test_a_cycle_takes_rubric_and_checks_by_question_or_for_all(
    call: Call, server: ScriptedServer, tmp_path: Path
) -> None:
    file = tmp_path / "questions.jsonl"
    lines = [
        {"question": "Write to a friend.", "rubric": LETTERS},
        {"question": "Sort a list in Python.", "rubric": "code", "checks": {"max_words": 40, "citations": None}},
        {"question": "Why is the sky blue?"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    options = ("--rubric", "scientific", "--checks", '{"citations": 1, "min_words": 1}', "--max-iterations", "1")
    done = call("cycle", "--questions", file, *options)
    assert done.code == 0, done
    names = [line["event"] for line in done.lines]
    assert names.index("cycle_estimated") < names.index("question_started")
    with Library.open(application_home(), write=False) as library:
        asked = list_all_questions(library)
    assert [question.rubric and question.rubric.name for question in asked] == ["letters", "code.en", "scientific.en"]
    assert [question.checks for question in asked] == [
        {"citations": 1, "min_words": 1},
        {"max_words": 40, "min_words": 1},
        {"citations": 1, "min_words": 1},
    ]
    finished = next(line for line in done.lines if line["event"] == "cycle_finished")
    assert finished["cost_usd"] == pytest.approx((40 * 1.0 + 20 * 2.0) * finished["calls"] / 1e6)
    scores = [line["score"] for line in done.lines if line["event"] == "critique_finished"]
    # Without a citation one of three checks fails, and two thirds is the most that the critic can give.
    assert sorted(scores) == pytest.approx([2 / 3, 2 / 3, 1.0])


def test_an_estimate_starts_nothing(call: Call, server: ScriptedServer) -> None:
    told = call("cycle", "Why?", "How?", "--estimate", "--budget-tokens", "9000", "--budget-usd", "0.5").record
    assert (told["event"], told["questions"], told["cap_tokens"], told["cap_usd"]) == ("cycle_estimated", 2, 9000, 0.5)
    assert 0 < told["expected"]["calls"] < told["most"]["calls"]
    assert 0 < told["expected"]["cost_usd"] < told["most"]["cost_usd"]
    assert 0 < told["expected"]["seconds"] < told["most"]["seconds"]
    assert not server.chats
    assert call("cycle", "--abandon").record == {"abandoned": []}


def test_the_estimate_reads_as_text(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["lorastudio", "cycle", "Why?", "--estimate", "--budget-minutes", "30"])
    assert run_cli() == 0
    probably, most, caps = capsys.readouterr().out.splitlines()
    assert probably.startswith("1 question. Probably") and "$" in probably
    assert most.startswith("At most") and "calls" in most
    assert caps == "The budget ends it at 30 min."


def test_a_budget_in_dollars_needs_prices(call: Call) -> None:
    with Library.open(application_home(), write=True, verb="test") as library:
        add_endpoint(library, Endpoint("far", Role.WRITER, "https://example.org/v1", model="large"))
        add_endpoint(library, Endpoint("red", Role.CRITIC, "https://example.org/v1", model="large", prompt_price=1.0))
    done = call("cycle", "Why?", "--budget-usd", "1")
    assert done.code == 1
    assert "price of 'far' is not known" in done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rubric", "nothing"), "no rubric called"),
        (("--checks", "{"), "no valid JSON"),
        (("--checks", '{"beauty": 1}'), "Unknown check"),
        (("--words", "many"), "--words"),
        (("--words", "20-10"), "between 20 and 10"),
        (("--target-score", "7"), "between 0 and 1"),
        (("--budget-tokens", "-1"), "makes no sense"),
        (("--critiques", "0"), "at least one critique"),
    ],
)
def test_choices_that_can_not_work_are_refused(
    call: Call, server: ScriptedServer, options: tuple[str, ...], words: str
) -> None:
    done = call("cycle", "Why?", *options)
    assert done.code == 2, done
    assert words in done.err
    assert not server.chats


def test_a_cycle_goes_on_with_what_it_began_with(call: Call) -> None:
    done = call("cycle", "--resume", "--no-judge")
    assert done.code == 2
    assert "can't get another --judge" in done.err
    assert call("cycle", "--resume", "--estimate").code == 2


def test_a_bad_rubric_in_a_file_names_its_line(call: Call, server: ScriptedServer, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('Why?\n{"question": "How?", "rubric": {"name": "x", "criteria": []}}')
    done = call("cycle", "--questions", file)
    assert done.code == 2
    assert "line 2: The rubric 'x' needs" in done.err


def test_a_critic_is_checked_and_its_record_kept(call: Call, server: ScriptedServer) -> None:
    done = call("critic", "check", "--answers", "2")
    assert done.code == 0
    assert done.lines[-1]["event"] == "warning"
    assert "The critic 'red' (tiny) misjudges" in done.err
    assert "found 0 of" in done.err
    (record,) = call("critic", "report").record["critics"]
    assert (record["critic"], record["controls"], record["hit_rate"], record["alarm_rate"]) == ("red", 2, 0.0, 0.0)
    assert record["planted"] == len(server.chats) - 2
    assert call("critic", "check", "nobody").code == 1
