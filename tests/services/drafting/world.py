"""A small world to draft in: real servers, a real library, a writer whose every answer follows from the request."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lorastudio.domain.draft import Cycle
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.practice.criteria import CRITERIA
from lorastudio.practice.facts import parse_question
from lorastudio.practice.grammar import draw_plan, render
from lorastudio.practice.questions import drafting_questions
from lorastudio.store.cycles import create_cycle
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion
from tests.servers import EVENTS, Reply, Request, events

WRITER, CRITIC = "pen", "red pen"
QUICK = RetryPolicy(attempts=3, first_s=0.01, cap_s=0.02, asked_cap_s=0.05)


class FixedServers:
    """Servers that are already running."""

    def __init__(
        self, writer_url: str, critic_url: str, concurrency: int = 4, key: str | None = None, **fields: Any
    ) -> None:
        chosen: dict[str, Any] = {"model": "tiny", "concurrency": concurrency, "idle_timeout_s": 10.0} | fields
        self._clients = {
            name: ChatClient(Endpoint(name, role, url, **chosen), key, policy=QUICK)
            for name, role, url in ((WRITER, Role.WRITER, writer_url), (CRITIC, Role.CRITIC, critic_url))
        }

    def client(self, name: str) -> ChatClient:
        return self._clients[name]


def open_library(home: Path) -> Library:
    return Library.open(home, write=True, verb="a test")


def practice_cycle(library: Library, count: int, max_iterations: int = 6, **settings: Any) -> Cycle:
    """A cycle of English practice questions."""
    asked = [item for item in drafting_questions(0, 1, count * 3) if item.language == "en"][:count]
    questions = [NewQuestion(item.text, item.group, "en", {"practice": True}) for item in asked]
    return cycle_of(library, questions, max_iterations, **settings)


def cycle_of(library: Library, questions: Sequence[NewQuestion], max_iterations: int = 6, **settings: Any) -> Cycle:
    """A cycle of the bare loop: neither judge nor calibration, unless `settings` ask for them."""
    return create_cycle(
        library,
        seed=11,
        max_iterations=max_iterations,
        writer=WRITER,
        critic=CRITIC,
        writer_version=None,
        settings={"judge_final": False, "calibrate_every": 0} | settings,
        questions=list(questions),
    )


def practice_writer(request: Request, pause_s: float = 0.0) -> Reply:
    """Misses everything but the facts at first, and mends the first criterion named in each revision."""
    text = request.body["messages"][-1]["content"]
    question, revises, rest = text.partition(" Draft: ")
    facts = parse_question(question)
    assert facts is not None
    named = rest.rpartition("Criticism:")[2]
    words = facts.lexicon.criticisms
    faulty = [name for name in CRITERIA if words[name] in named] if revises else ["", "units", "plain", "form"]
    met = {name: name not in faulty[1:] for name in CRITERIA}
    written = render(facts, met, draw_plan(random.Random(request.body["seed"])))
    usage = {"prompt_tokens": len(text.split()), "completion_tokens": len(written.split())}
    return Reply(_spaced(written, usage), headers=EVENTS, pause_s=pause_s)


def _spaced(text: str, usage: dict[str, int]) -> list[bytes]:
    words = text.split(" ")
    return events(words[0], *(f" {word}" for word in words[1:]), usage=usage)
