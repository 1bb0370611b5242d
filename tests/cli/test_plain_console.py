"""Words of servers, models and files in a terminal: shown as they are, commanding nothing."""

from __future__ import annotations

import io
import json

import pytest

from lorastudio.cli.plain_console import PlainConsole, json_line
from lorastudio.cli.session import table
from tests.cli.conftest import Call
from tests.servers import refusal, scripted

MARKUP = "[red]loud[/red] [/nothing] [link=https://example.org]here[/link] :smile: <b>bold</b> & 42"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eright to left"


def printed(thing: object) -> str:
    out = io.StringIO()
    PlainConsole(file=out, width=400, force_terminal=True, color_system="truecolor").print(thing)
    return out.getvalue()


def test_markup_is_text() -> None:
    assert printed(MARKUP) == f"{MARKUP}\n"


def test_markup_in_a_table_is_text() -> None:
    made = table("Model")
    made.add_row(MARKUP)
    assert MARKUP in printed(made)


def test_escape_sequences_are_taken_out() -> None:
    made = table("Model")
    made.add_row(ESCAPES)
    for said in (printed(ESCAPES), printed(made)):
        own = said.replace("\x1b[1m", "").replace("\x1b[0m", "")  # the heading's bold
        assert not any(sign in own for sign in "\x1b\x07\x9b\u202e")
        assert "right to left" in said


def test_json_says_the_same_and_commands_nothing() -> None:
    record = {"text": MARKUP + ESCAPES}
    line = json_line(record)
    assert json.loads(line) == record
    assert line.removesuffix("\n").isprintable()


@pytest.mark.parametrize("words", [MARKUP, ESCAPES])
def test_the_words_of_a_server_in_an_error_are_text(call: Call, words: str) -> None:
    with scripted(lambda _: refusal(400, words), models=()) as server:
        call("endpoint", "add", "near", "--role", "critic", "--url", server.url, "--model", "m")
        done = call("endpoint", "test", "near")
    assert done.code == 1
    assert not any(sign in done.out + done.err for sign in "\x1b\x07\x9b\u202e")
    (probe,) = done.lines
    assert "refused with status 400" in probe["error"]
    assert probe["error"].isprintable()
