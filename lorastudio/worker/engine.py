"""The engine: several versions of one base in memory, answering many requests, on one thread of its own.

All MLX work happens on that thread. Other threads ask through the methods below, which never wait for it.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlx.core as mx

from lorastudio.domain.errors import KnownError, RefusedError
from lorastudio.domain.messages import Conversation
from lorastudio.worker.adapters import load_version, stored_thinking
from lorastudio.worker.base_model import load_base
from lorastudio.worker.conversations import ChatCodec, NotTrainable
from lorastudio.worker.generation import Answer, Generator
from lorastudio.worker.sampling import SampleRequest, TokenLogProbs
from lorastudio.worker.slots import plan_slots

WAITING_REQUESTS = 128
# Where a request sets no limit: long enough for a text, short enough to fit a slot with its prompt.
DEFAULT_ANSWER_TOKENS = 1024


class EngineFullError(RefusedError):
    """As many requests wait as may wait."""


class PromptTooLongError(KnownError):
    """The prompt alone fills the model's context."""


@dataclass(frozen=True, slots=True)
class ChatJob:
    """A request as the engine takes it; the fields are those of `SampleRequest`. `max_tokens` None: the default."""

    conversation: Conversation
    max_tokens: int | None = None
    seed: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    stops: tuple[str, ...] = ()
    top_logprobs: int | None = None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token of an answer, its text, and its log-probabilities with the texts of the likeliest ones."""

    text: str
    log_probs: TokenLogProbs
    top_texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """An answer so far. `finish_reason` is set in the last one, or `error` when there is no answer."""

    text: str = ""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    tokens: tuple[TokenRecord, ...] = ()
    finish_reason: str | None = None
    error: Exception | None = None


Listener = Callable[[Update], None]


@dataclass(eq=False)
class Ticket:
    """One open request: the version that answers it, and who hears of it (called on the engine's thread)."""

    version: str
    job: ChatJob
    listener: Listener
    answer: Answer | None = None


@dataclass(eq=False)
class _Version:
    name: str
    folder: Path | None
    model: Any
    codec: ChatCodec
    generator: Generator
    tickets: dict[Answer, Ticket] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the engine starts with. `adapters` are folders by version name; an alias to None is the bare base."""

    base: Path
    base_name: str
    adapters: Mapping[str, Path]
    aliases: Mapping[str, str | None]
    at_once: int


class Engine:
    """Use `start`, wait for `ready`, then any method from any thread; `stop` ends it."""

    def __init__(self, settings: EngineSettings) -> None:
        self.ready: Future[None] = Future()
        self._settings = settings
        self._lock = threading.Lock()
        self._aliases: dict[str, str | None] = dict(settings.aliases)
        self._open: dict[str, int] = {settings.base_name: 0}
        self._retiring: dict[str, Future[None]] = {}
        # Below: the engine's thread alone.
        self._versions: dict[str, _Version] = {}
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._last_token_s = float("-inf")
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is under way is dropped."""
        self._stopping.set()
        self._commands.put(lambda: None)
        self._thread.join()

    def model_names(self) -> dict[str, str]:
        """Every name a request may use, with the version that answers it now."""
        with self._lock:
            aliases = {public: name or self._settings.base_name for public, name in self._aliases.items()}
            return aliases | {name: name for name in self._open}

    @property
    def context_length(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._base.context_length

    @property
    def idle_s(self) -> float:
        """Seconds since the last token was generated."""
        return time.monotonic() - self._last_token_s

    def open(self, model: str, job: ChatJob, listener: Listener) -> Ticket | None:
        """Start a request; None when no such model is served, EngineFullError when too many wait.

        The version is decided here: the request stays with it even if an alias moves on.
        """
        with self._lock:
            version = self._aliases.get(model, model) or self._settings.base_name
            if version not in self._open:
                return None
            if sum(self._open.values()) >= WAITING_REQUESTS + self._settings.at_once:
                raise EngineFullError("The engine has as many requests as it takes.", "Try again in a moment.")
            self._open[version] += 1
        ticket = Ticket(version, job, listener)
        self._commands.put(lambda: self._begin(ticket))
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Stop a request whose client has gone; no more updates matter. Harmless when it has finished."""
        self._commands.put(lambda: self._abandon(ticket))

    def load(self, name: str, folder: Path) -> Future[None]:
        """Ready a version for requests under its own name; fails with KnownError when it can't be served."""
        done: Future[None] = Future()
        self._commands.put(lambda: self._settle(done, lambda: self._load(name, folder)))
        return done

    def set_alias(self, public: str, name: str | None) -> None:
        """Point a public name at a version, or at the bare base; KnownError when that is not loaded."""
        with self._lock:
            if name is not None and name not in self._open:
                raise RefusedError(f"The version {name} is not loaded.", "Load it first.")
            self._aliases[public] = name

    def unload(self, name: str) -> Future[None]:
        """Take a version out of service; done when its last request is finished."""
        done: Future[None] = Future()
        with self._lock:
            if name == self._settings.base_name or name not in self._open:
                raise RefusedError(f"The version {name} is not loaded.")
            if users := [public for public, target in self._aliases.items() if target == name]:
                raise RefusedError(f"The version {name} is what {users[0]} serves.", "Point that name elsewhere first.")
            self._retiring[name] = done
            # Its count is kept under a name that no request can ask for.
            self._open[_retired(name)] = self._open.pop(name)
        self._commands.put(lambda: self._retire(name))
        return done

    def _run(self) -> None:
        try:
            self._prepare()
        except Exception as error:  # whoever waits for us decides what to tell the user
            self.ready.set_exception(error)
        else:
            self.ready.set_result(None)
            self._serve()
        finally:
            # Streams belong to their thread; left to the end of the process, they abort it.
            mx.clear_streams()

    def _prepare(self) -> None:
        base = load_base(self._settings.base)
        self._base, self._plan = base, plan_slots(base)
        self._add(self._settings.base_name, None)
        for name, folder in self._settings.adapters.items():
            self._load(name, folder)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._obey()
            for version in list(self._versions.values()):
                if version.generator.busy:
                    self._advance(version)

    def _obey(self) -> None:
        """Do what was asked; waits only when there is nothing to generate."""
        busy = any(version.generator.busy for version in self._versions.values())
        try:
            command = self._commands.get(block=not busy)
            while True:
                command()
                command = self._commands.get_nowait()
        except queue.Empty:
            return

    def _settle(self, done: Future[None], work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # handed to whoever asked
            done.set_exception(error)
        else:
            done.set_result(None)

    def _load(self, name: str, folder: Path) -> None:
        known = self._versions.get(name)
        if known is not None and known.folder == folder and name not in self._retiring:
            return
        if known is not None or name in self._aliases:
            raise RefusedError(
                f"The name {name} is taken by another version.", "Versions never change; use a new name."
            )
        self._add(name, folder)
        with self._lock:
            self._open[name] = 0

    def _add(self, name: str, folder: Path | None) -> None:
        model = load_version(self._base, folder)
        codec = ChatCodec(self._base, stored_thinking(folder))
        self._versions[name] = _Version(name, folder, model, codec, self._generator(codec, model))

    def _generator(self, codec: ChatCodec, model: Any) -> Generator:
        return Generator(codec, model, self._plan, at_once=self._settings.at_once)

    def _begin(self, ticket: Ticket) -> None:
        version = self._versions[ticket.version]
        try:
            request = self._request_of(ticket.job, version.codec)
        except Exception as error:  # one bad request must not end the engine for everyone
            self._close(ticket, Update(error=error))
            return
        ticket.answer = version.generator.submit(request, stream=ticket.job.stream)
        version.tickets[ticket.answer] = ticket

    def _request_of(self, job: ChatJob, codec: ChatCodec) -> SampleRequest:
        try:
            prompt = codec.encode_prompt(job.conversation)
        except NotTrainable as error:
            raise KnownError(f"This conversation can't be answered: {error.message}.") from error
        room = self._base.context_length - len(prompt)
        if room < 1:
            raise PromptTooLongError(
                f"The prompt has {len(prompt)} tokens; the model reads at most {self._base.context_length}.",
                "Shorten the conversation.",
            )
        return SampleRequest(
            prompt,
            max_tokens=min(room, job.max_tokens or DEFAULT_ANSWER_TOKENS),
            seed=job.seed,
            temperature=job.temperature,
            top_p=job.top_p,
            stops=job.stops,
            top_logprobs=job.top_logprobs,
        )

    def _advance(self, version: _Version) -> None:
        try:
            changed = version.generator.step()
        except Exception as error:  # one bad step must not end the engine for everyone
            sys.stderr.write(traceback.format_exc())
            version.generator = self._generator(version.codec, version.model)
            tickets, version.tickets = list(version.tickets.values()), {}
            for ticket in tickets:
                self._close(ticket, Update(error=error))
            return
        self._last_token_s = time.monotonic()
        for answer in changed:
            ticket = version.tickets[answer]
            if answer.finish_reason is not None:
                del version.tickets[answer]
                self._close(ticket, _update_of(answer, version.codec))
            elif ticket.job.stream:
                ticket.listener(_update_of(answer, version.codec))

    def _abandon(self, ticket: Ticket) -> None:
        version = self._versions.get(ticket.version)
        if version is not None and ticket.answer in version.tickets:
            version.generator.cancel(ticket.answer)
            del version.tickets[ticket.answer]
            self._close(ticket, Update(finish_reason="cancelled"))

    def _close(self, ticket: Ticket, last: Update) -> None:
        """Give the request's last update, and count it out."""
        ticket.listener(last)
        with self._lock:
            name = ticket.version if ticket.version not in self._retiring else _retired(ticket.version)
            self._open[name] -= 1
        if ticket.version in self._retiring:
            self._retire(ticket.version)

    def _retire(self, name: str) -> None:
        """Free a version that is out of service once nothing of it is open."""
        with self._lock:
            if name not in self._retiring or self._open[_retired(name)] > 0:
                return
            del self._open[_retired(name)]
            done = self._retiring.pop(name)
        del self._versions[name]
        mx.clear_cache()
        done.set_result(None)


def _update_of(answer: Answer, codec: ChatCodec) -> Update:
    tokens = tuple(
        TokenRecord(codec.token_text(item.token), item, tuple(codec.token_text(token) for token, _ in item.top))
        for item in answer.log_probs
    )
    return Update(answer.text, len(answer.request.prompt), len(answer.ids), tokens, answer.finish_reason)


def _retired(name: str) -> str:
    return f"\0{name}"
