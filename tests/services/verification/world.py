"""Teachers that do as they are told, over real HTTP, and a library to ask them from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from lorastudio.datasets.groups import group_of
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Endpoint, Role
from lorastudio.domain.events import Event
from lorastudio.domain.fencing import unfence
from lorastudio.endpoints.client import ChatClient
from lorastudio.endpoints.retry import RetryPolicy
from lorastudio.services.verification.settings import VerificationSettings
from lorastudio.services.verification.verifying import run_verification, start_verification
from lorastudio.store.endpoints import add_endpoint, list_endpoints
from lorastudio.store.library import Library
from lorastudio.store.questions import NewQuestion
from tests.servers import Reply, Request, Script, ScriptedServer, scripted, stream

QUICK = RetryPolicy(attempts=2, first_s=0.01, cap_s=0.02, asked_cap_s=0.05)
WRITER = "pen"


class Servers:
    """Servers that are already running, at the addresses that the library knows."""

    def __init__(self, library: Library) -> None:
        self._clients = {item.name: ChatClient(item, policy=QUICK) for item in list_endpoints(library)}

    def client(self, name: str) -> ChatClient:
        return self._clients[name]


def saying(*texts: str) -> Script:
    """A teacher that says the same to every question; as examiner it agrees with its own words alone."""
    return lambda request: examined(request, texts[0]) or stream(*texts)


def knowing(answers: Mapping[str, str], agrees: Callable[[str], bool] | None = None) -> Script:
    """A teacher with an answer to each question; as examiner it agrees with what `agrees` says."""

    def script(request: Request) -> Reply:
        if is_examination(request):
            return stream(verdicts(request, agrees or (lambda text: text in answers.values())))
        return stream(answers[question_of(request)])

    return script


def is_examination(request: Request) -> bool:
    return "claim by claim" in request.body["messages"][-1]["content"]


def examined(request: Request, own: str) -> Reply | None:
    return stream(verdicts(request, lambda text: text == own)) if is_examination(request) else None


def shown(request: Request) -> list[str]:
    """The answers that an examiner was shown, in their order."""
    prompt = request.body["messages"][-1]["content"]
    found = (unfence(prompt, f"answer-{number}") for number in count(1))
    return list(takewhile(lambda text: text is not None, found))


def verdicts(request: Request, agrees: Callable[[str], bool]) -> str:
    listed = [
        {"answer": number, "verdict": "agree" if agrees(text) else "disagree", "quote": "", "reason": "told so"}
        for number, text in enumerate(shown(request), 1)
    ]
    return json.dumps({"verdicts": listed})


def question_of(request: Request) -> str:
    return str(request.body["messages"][-1]["content"])


@contextmanager
def panel(
    library: Library, *scripts: Script | str, writer: Script | None = None, **fields: Any
) -> Iterator[list[ScriptedServer]]:
    """Teachers called t0, t1, … behind these scripts (or at an address), and a writer if one is given."""
    with ExitStack() as stack:
        servers = []
        for number, script in enumerate(scripts):
            url = script if isinstance(script, str) else ""
            if not isinstance(script, str):
                servers.append(stack.enter_context(scripted(script)))
                url = servers[-1].url
            add_endpoint(library, endpoint(f"t{number}", Role.TEACHER, url, **fields))
        if writer is not None:
            servers.append(stack.enter_context(scripted(writer)))
            add_endpoint(library, endpoint(WRITER, Role.WRITER, servers[-1].url, **fields))
        yield servers


def endpoint(name: str, role: Role, url: str, **fields: Any) -> Endpoint:
    values: dict[str, Any] = {"model": "tiny", "concurrency": 2, "connect_timeout_s": 2.0, "idle_timeout_s": 5.0}
    return Endpoint(name, role, url, **(values | fields))


def questions(*texts: str, language: str = "en", checks: dict[str, Any] | None = None) -> list[NewQuestion]:
    return [NewQuestion(text, group_of(text), language, checks or {}) for text in texts]


def verify(library: Library, specs: Sequence[NewQuestion], quorum: int | None = None, **choices: Any) -> list[Event]:
    """All events of one verification, from start to end."""
    fields = {"against_writer", "teachers"}
    start = {name: choices.pop(name) for name in fields & choices.keys()}
    begun = start_verification(library, specs, quorum=quorum, settings=VerificationSettings(**choices), **start)
    return list(run_verification(library, begun.verification.id, Servers(library), CancelToken()))


def open_library(home: Path) -> Library:
    return Library.open(home, write=True, verb="a test")
