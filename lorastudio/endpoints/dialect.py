"""What differs between the languages that servers speak; the client is the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lorastudio.domain import endpoint
from lorastudio.domain.endpoint import Sampling
from lorastudio.domain.messages import Conversation
from lorastudio.endpoints.answers import AnswerBuilder
from lorastudio.endpoints.anthropic_dialect import AnthropicDialect
from lorastudio.endpoints.openai_dialect import OpenAIDialect


class Dialect(Protocol):
    """One language. Stateless."""

    @property
    def path(self) -> str:
        """Where questions are put, under the base address."""
        ...

    def credentials(self, key: str | None) -> dict[str, str]:
        """The headers that say who asks."""
        ...

    def request(
        self, messages: Conversation, sampling: Sampling, response_format: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """The body of a request, without the model. `response_format` is OpenAI's; EndpointError with status 501
        when this language has nothing like it."""
        ...

    def streamed(self) -> dict[str, Any]:
        """What the body holds beside to get the answer as a stream, with its usage."""
        ...

    def builder(self, server: str, key: str | None) -> AnswerBuilder:
        """What collects the records of one answer."""
        ...


def dialect_of(protocol: endpoint.Protocol) -> Dialect:
    """The dialect of an endpoint's protocol."""
    return AnthropicDialect() if protocol is endpoint.Protocol.ANTHROPIC else OpenAIDialect()
