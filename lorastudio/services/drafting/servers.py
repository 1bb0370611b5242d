"""What drafting needs of the servers behind endpoints."""

from __future__ import annotations

from typing import Protocol

from lorastudio.endpoints.client import ChatClient


class Servers(Protocol):
    """Gives clients by the name of their endpoint; called from several threads, before every call."""

    def client(self, name: str) -> ChatClient:
        """The client of an endpoint whose server is running, started if need be; KnownError when it can't be."""
        ...
