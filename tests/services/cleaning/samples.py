"""Pairs in a library, and an embedder that says what a test wants."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.endpoint import Role
from lorastudio.domain.events import Event
from lorastudio.domain.messages import user
from lorastudio.domain.pair import NewPair, Origin, PairState, Split
from lorastudio.services.cleaning.embedder import PairVectors
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs
from tests.endpoints.clients import embedder_for
from tests.servers import Reply, Request, ScriptedServer, scripted

LONG = " ".join(f"word{number}" for number in range(60))


def pair(prompt: str, good: str | None, bad: str | None = None, group: str = "g", **more: Any) -> NewPair:
    return NewPair(user(prompt), good, bad, group, Origin.IMPORTED, **more)


def add(
    library: Library, *pairs: NewPair, split: Split = Split.TRAIN, state: PairState = PairState.PENDING
) -> tuple[int, ...]:
    """Put pairs there as they are, uncompared; new groups lie on `split`."""
    assign_splits(library, {pair.group: split for pair in pairs})
    return add_pairs(library, pairs, state=state).ids


def last(events: Iterator[Event]) -> Any:
    """The last event of a piece of work."""
    *_, found = events
    return found


@contextmanager
def embedder(library: Library, angle: Callable[[str], float]) -> Iterator[tuple[PairVectors, ScriptedServer]]:
    """An embedder over HTTP whose vectors lie in one plane, at the angle (in degrees) that is said of a text."""

    def script(request: Request) -> Reply:
        turned = [math.radians(angle(text)) for text in request.body["input"]]
        rows = [{"index": at, "embedding": [math.cos(way), math.sin(way)]} for at, way in enumerate(turned)]
        return Reply([json.dumps({"data": rows}).encode()])

    with scripted(script) as server:
        client = embedder_for(server.url, role=Role.EMBEDDER, model="flat")
        yield PairVectors(library, client, CancelToken()), server
