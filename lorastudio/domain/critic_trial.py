"""Trials of a critic: planted faults it should find, and unchanged answers it should leave alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

# With fewer trials chance alone decides; see `CriticRecord.complaints`.
FEWEST_TRIALS = 4
LEAST_HITS = 0.75
MOST_ALARMS = 0.25
FEWEST_OF_A_KIND = 2


class DefectKind(StrEnum):
    """What was done to a good answer."""

    NUMBER = "number changed"
    NEGATION = "statement negated"
    DROPPED = "sentence dropped"
    HYPE = "hype added"
    CITATION = "citation removed"
    LANGUAGE = "other language"
    CODE = "code broken"


class TrialOutcome(StrEnum):
    """`FOUND` and `MISSED` are for planted faults, `CLEAN` and `ALARM` for unchanged answers; `UNREADABLE` when
    the critic abstained or said nothing that can be read."""

    FOUND = "found"
    MISSED = "missed"
    CLEAN = "clean"
    ALARM = "false alarm"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class CriticTrial:
    """One answer shown to one critic. `kind` is None for the unchanged control; `before` and `score` (0 to 1)
    are what the critic said of the good answer and of this one; `key` says what was shown."""

    key: str
    critic: str
    model: str
    cycle_id: int | None
    kind: DefectKind | None
    outcome: TrialOutcome
    score: float | None
    before: float | None


@dataclass(frozen=True, slots=True)
class CriticRecord:
    """How one critic did: `planted` faults of which it `found` some, `controls` of which `alarms` were blamed,
    `unreadable` answers of either sort, and (found, planted) for each kind of fault."""

    critic: str
    model: str
    planted: int
    found: int
    controls: int
    alarms: int
    unreadable: int
    kinds: dict[str, tuple[int, int]]

    @property
    def hit_rate(self) -> float | None:
        """The share of planted faults that were found; None without any."""
        return self.found / self.planted if self.planted else None

    @property
    def alarm_rate(self) -> float | None:
        """The share of unchanged answers that were blamed; None without any."""
        return self.alarms / self.controls if self.controls else None

    @property
    def complaints(self) -> tuple[str, ...]:
        """What a person should know before trusting this critic; empty when there is nothing."""
        lines = []
        if self.planted >= FEWEST_TRIALS and self.found < LEAST_HITS * self.planted:
            lines.append(f"it found {self.found} of {self.planted} planted faults")
        blind = [name for name, (found, planted) in self.kinds.items() if planted >= FEWEST_OF_A_KIND and not found]
        if blind:
            lines.append(f"it never saw: {', '.join(blind)}")
        if self.controls >= FEWEST_TRIALS and self.alarms > MOST_ALARMS * self.controls:
            lines.append(f"it blamed {self.alarms} of {self.controls} unchanged answers")
        if self.unreadable > (self.planted + self.controls) / 2 and self.unreadable >= FEWEST_TRIALS:
            lines.append(f"{self.unreadable} of its answers could not be read")
        return tuple(lines)


def complaint_of(record: CriticRecord) -> str | None:
    """One sentence on a critic that can't be trusted, None when there is nothing to say."""
    if not record.complaints:
        return None
    model = f" ({record.model})" if record.model else ""
    return f"The critic {record.critic!r}{model} misjudges: {'; '.join(record.complaints)}."


def records_of(trials: Iterable[CriticTrial]) -> list[CriticRecord]:
    """One record for each critic and model, in the order of their first trials. Unreadable answers to planted
    faults count as not found: such a critic protects nobody."""
    by_critic: dict[tuple[str, str], list[CriticTrial]] = {}
    for trial in trials:
        by_critic.setdefault((trial.critic, trial.model), []).append(trial)
    return [_record(critic, model, own) for (critic, model), own in by_critic.items()]


def _record(critic: str, model: str, trials: list[CriticTrial]) -> CriticRecord:
    planted = [trial for trial in trials if trial.kind is not None]
    found = Counter(trial.kind for trial in planted if trial.outcome is TrialOutcome.FOUND)
    shown = Counter(trial.kind for trial in planted if trial.kind is not None)
    return CriticRecord(
        critic=critic,
        model=model,
        planted=len(planted),
        found=found.total(),
        controls=len(trials) - len(planted),
        alarms=sum(trial.outcome is TrialOutcome.ALARM for trial in trials),
        unreadable=sum(trial.outcome is TrialOutcome.UNREADABLE for trial in trials),
        kinds={kind.value: (found[kind], shown[kind]) for kind in DefectKind if shown[kind]},
    )
