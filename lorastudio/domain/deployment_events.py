"""What a deployment says while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from lorastudio.domain.events import Event


class DeploymentStep(StrEnum):
    """The steps of a deployment, in order. From `FLIPPED` on the next start finishes it, before that undoes it."""

    PREFLIGHT = "preflight"
    STAGED = "staged"
    PROBED = "probed"
    FLIPPED = "flipped"
    SWITCHED = "switched"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class DeploymentBegan(Event):
    """The intention is in the journal. A version of None is the bare base model."""

    event: ClassVar[str] = "deployment_began"
    deployment: int
    target: str
    version: int | None
    previous: int | None
    kind: str


@dataclass(frozen=True, slots=True)
class DeploymentStepped(Event):
    """One step is done."""

    event: ClassVar[str] = "deployment_step"
    deployment: int
    step: DeploymentStep


@dataclass(frozen=True, slots=True)
class DeploymentDone(Event):
    """`version` answers under the public name, and probes have proved it."""

    event: ClassVar[str] = "deployed"
    deployment: int
    target: str
    version: int | None
    previous: int | None
    kind: str
