"""Looks over the whole library by name, with the embedder that a person set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event
from lorastudio.services.cleaning.embedder import PairVectors, find_embedder
from lorastudio.services.cleaning.near import look_for_duplicates
from lorastudio.services.cleaning.topics import look_for_topics
from lorastudio.services.cleaning.translating import look_for_translations
from lorastudio.services.servers import LocalServers
from lorastudio.store.library import Library


class LookName(StrEnum):
    DUPLICATES = "duplicates"
    TOPICS = "topics"
    TRANSLATIONS = "translations"


_LOOKS: dict[LookName, Callable[[Library, PairVectors | None, CancelToken], Iterator[Event]]] = {
    LookName.DUPLICATES: look_for_duplicates,
    LookName.TOPICS: look_for_topics,
    LookName.TRANSLATIONS: look_for_translations,
}


def look(
    library: Library, servers: LocalServers, name: LookName, *, words_only: bool = False, cancel: CancelToken
) -> Iterator[Event]:
    """Look for what `name` says; the last event is its finding (`cleaning.events`). With `words_only`, or without an
    embedder, words alone are compared, which the finding says."""
    client = None if words_only else find_embedder(library, servers)
    vectors = None if client is None else PairVectors(library, client, cancel)
    return _LOOKS[name](library, vectors, cancel)
