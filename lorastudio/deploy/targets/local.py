"""This Mac: the program's own engine, whose alias is the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lorastudio.deploy.golden import Golden, Ids, greedy_ids, read_golden
from lorastudio.domain.errors import RefusedError
from lorastudio.processes.engine import Engine
from lorastudio.training.protocol import PUBLIC_NAME

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Served:
    """What a target can be pointed at: a version's folder, or the bare base model (None)."""

    version: int | None
    folder: Path | None

    @property
    def words(self) -> str:
        return "the base model" if self.version is None else f"version {self.version}"


class LocalTarget:
    """Deploys to a running engine. Nothing here touches the library: the service owns pointer and journal."""

    name = LOCAL

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def stage(self, served: Served) -> None:
        """Ready the version for requests under its own name; the public name goes on as before."""
        if served.version is not None and served.folder is not None:
            self._engine.load(version_name(served.version), served.folder)

    def probe_staged(self, served: Served) -> None:
        """Prove the staged version by its golden prompts; RefusedError when it answers anything else."""
        if served.version is not None and served.folder is not None:
            self._prove(version_name(served.version), served, read_golden(served.folder))

    def point(self, served: Served) -> None:
        """Let the public name answer by `served` from the next request on."""
        self._engine.alias(None if served.version is None else version_name(served.version))

    def probe_public(self, served: Served, prompts: Sequence[str]) -> None:
        """Prove that the public name answers by `served`: a version by its golden prompts, the base by `prompts`."""
        if served.folder is not None:
            self._prove(PUBLIC_NAME, served, read_golden(served.folder))
            return
        if self._ask(PUBLIC_NAME, prompts) != self._ask(self._engine.base_name, prompts):
            raise RefusedError(f"“{PUBLIC_NAME}” does not answer as {served.words} does.", "See logs/engine.log.")

    def _prove(self, name: str, served: Served, golden: Sequence[Golden]) -> None:
        prompts = [answer.prompt for answer in golden]
        expected = tuple(answer.ids for answer in golden)
        found = self._ask(name, prompts)
        if found == expected:
            return
        if found == self._ask(self._engine.base_name, prompts):
            raise RefusedError(
                f"“{name}” answers as the bare base model, not as {served.words}: its adapter has no effect there.",
                "Train it again, or run `lorastudio doctor`.",
            )
        wrong = sum(answer != ids for answer, ids in zip(found, expected, strict=True))
        raise RefusedError(
            f"“{name}” does not answer as {served.words} did in training: {wrong} of {len(golden)} answers differ.",
            "Its base model or its files may have changed; run `lorastudio doctor`.",
        )

    def _ask(self, name: str, prompts: Sequence[str]) -> tuple[Ids, ...]:
        return greedy_ids(self._engine.url, self._engine.token, name, prompts)


def version_name(version: int) -> str:
    """The name under which the engine serves a version, like "version-3"."""
    return f"version-{version}"
