"""The loop from Python: the same services as the window and the terminal, without their screens.

>>> from lorastudio import Studio, TrainConfig
>>> with Studio() as studio:  # the library of LORASTUDIO_HOME, or the application's own
...     print(studio.readiness().needed)
...     dataset = studio.prepare_dataset("dataset", compress=True)  # train.jsonl.gz and validation.jsonl.gz
...     version = studio.train(TrainConfig(epochs=1, learning_rate=1e-3))
...     if studio.gate(version.version).verdict == "better":
...         studio.deploy(version.version)
...     studio.rollback(version=1)
...     print(studio.statistics().live_version)
1000
1
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.changes import Changes
from lorastudio.domain.errors import BugError
from lorastudio.domain.events import Event
from lorastudio.domain.gate import GateReport
from lorastudio.domain.gate_events import GateFinished
from lorastudio.domain.history import ActionEntry, PairEntry
from lorastudio.domain.pair import Decider, Pair, PairOrder, PairState
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.domain.training_events import TrainingDone
from lorastudio.domain.verification_events import VerificationFinished
from lorastudio.domain.verified import Verification, VerifiedResponse
from lorastudio.domain.version import ModelVersion
from lorastudio.paths import application_home, expanded
from lorastudio.services import curation, deployment, freezing, training_runs
from lorastudio.services.base_models import base_of, default_base
from lorastudio.services.curation import SplitInto
from lorastudio.services.downloads import ensure_base
from lorastudio.services.exporting import ExportReport, export_pairs
from lorastudio.services.gating import gate_version
from lorastudio.services.import_options import ImportOptions
from lorastudio.services.import_report import ImportFinished, ImportReport
from lorastudio.services.importing import import_files
from lorastudio.services.judging import judge_for
from lorastudio.services.opening import open_for_work
from lorastudio.services.questions import read_questions
from lorastudio.services.servers import LocalServers
from lorastudio.services.statistics import Statistics, statistics
from lorastudio.services.verification.exporting import MIN_CONFIDENCE, every_verified, export_verified
from lorastudio.services.verification.settings import VerificationSettings
from lorastudio.services.verification.verifying import continue_verification, run_verification, start_verification
from lorastudio.store import pairs, versions
from lorastudio.store.history import list_actions, list_pair_history
from lorastudio.training.config import TrainConfig

__all__ = ["PairFilter", "Studio", "TrainConfig"]

Wanted = TypeVar("Wanted", bound=Event)


class Studio:
    """One library, open for work. Use as a context manager, or call `close`.

    `listen` receives every event of long work as it happens. All failures are `KnownError` in plain words.
    """

    def __init__(self, home: Path | str | None = None, *, listen: Callable[[Event], None] | None = None) -> None:
        """Open the library in `home`; raises `LibraryBusyError` when another process is writing to it."""
        self._listen = listen
        self.cancel = CancelToken()
        place = application_home() if home is None else expanded(Path(home))
        with ExitStack() as opened:
            self._library, _ = opened.enter_context(open_for_work(place, "python"))
            self._servers = opened.enter_context(LocalServers(self._library))
            self._stack = opened.pop_all()

    def readiness(self) -> curation.Readiness:
        """Whether there are enough good pairs to train on, and what is missing."""
        return curation.readiness(self._library)

    def import_pairs(
        self, *paths: Path | str, accept: bool = False, options: ImportOptions | None = None
    ) -> ImportReport:
        """Import files of pairs, all or none; the report names every refused line. `options` says the rest."""
        wanted = options or ImportOptions(accept=accept)
        events = import_files(self._library, [Path(path) for path in paths], options=wanted, cancel=self.cancel)
        return self._last(events, ImportFinished).report

    def export_pairs(
        self,
        path: Path | str,
        format: str = "seed",
        *,
        state: PairState | None = PairState.ACCEPTED,
        min_confidence: float | None = None,
    ) -> ExportReport:
        """Write pairs of one state (None: of all) to a file; see `services.exporting.export_pairs` for the formats."""
        chosen = PairFilter(states=() if state is None else (state,), min_confidence=min_confidence)
        return export_pairs(self._library, Path(path), format, chosen)

    def list_pairs(
        self,
        chosen: PairFilter = EVERY_PAIR,
        *,
        order: PairOrder = PairOrder.ARRIVAL,
        limit: int | None = None,
        after_id: int = 0,
    ) -> list[Pair]:
        """The pairs that a filter means, from the one after `after_id` on in this order."""
        return pairs.list_pairs(self._library, chosen, order=order, limit=limit, after_id=after_id)

    def count_pairs(self, chosen: PairFilter = EVERY_PAIR) -> dict[PairState, int]:
        """How many pairs a filter means in each state."""
        return pairs.count_pairs(self._library, chosen)

    def decide(self, which: PairFilter | Iterable[int], state: PairState) -> Changes:
        """Accept, reject or reopen the pairs of these ids, or in bulk those that a filter means; one undo step."""
        if isinstance(which, PairFilter):
            return curation.decide_filtered(self._library, which, state)
        return curation.decide(self._library, which, state, Decider.PERSON)

    def edit_pair(self, pair_id: int, *, good: str | None = None, bad: str | None = None) -> Changes:
        """Change a pair's answers; None leaves one as it is. One undo step, the original is kept."""
        return curation.edit_pair(self._library, pair_id, good=good, bad=bad)

    def swap_pairs(self, ids: Iterable[int]) -> Changes:
        """Make the bad answer the good one and the other way round; one undo step."""
        return curation.swap_pairs(self._library, ids)

    def split_pairs(self, ids: Iterable[int], into: SplitInto = SplitInto.ANSWERS) -> Changes:
        """Take pairs apart, see `SplitInto`; one undo step."""
        return curation.split_pairs(self._library, ids, into)

    def merge_pairs(self, first_id: int, second_id: int) -> Changes:
        """Make one pair of two with the same prompt, see `curation.merge_pairs`; one undo step."""
        return curation.merge_pairs(self._library, first_id, second_id)

    def undo(self) -> Changes:
        """Take back what was done to pairs last; KnownError when there is nothing."""
        return curation.undo(self._library)

    def redo(self) -> Changes:
        """Do again what was undone last; KnownError when there is nothing."""
        return curation.redo(self._library)

    def history(self, limit: int | None = None) -> list[ActionEntry]:
        """What was done to pairs, by whom and when, the last first."""
        return list_actions(self._library, limit=limit)

    def pair_history(self, pair_id: int) -> list[PairEntry]:
        """What happened to one pair, the oldest first."""
        return list_pair_history(self._library, pair_id)

    def prepare_dataset(self, folder: Path | str, *, compress: bool = False) -> freezing.FrozenDataset:
        """Write the accepted pairs as `train.jsonl` and `validation.jsonl` (`.gz` with `compress`)."""
        return freezing.write_dataset(self._library, Path(folder), compress=compress)

    def train(
        self, config: TrainConfig | None = None, *, base: str | None = None, source: Path | str | None = None
    ) -> ModelVersion:
        """Train on the accepted pairs, or on the file `source` alone; returns the new version.

        `base` is a folder, "practice", or a hub name, which is downloaded if need be; default: the library's own.
        """
        base = base or default_base(self._library)
        self._all(ensure_base(base, self._library.home / "logs", self.cancel))
        run = training_runs.prepare_run(
            self._library,
            config or TrainConfig(),
            base=base,
            source=None if source is None else Path(source),
        )
        done = self._last(training_runs.train_run(self._library, run.id, self.cancel), TrainingDone)
        return versions.get_version(self._library, done.version)

    def gate(self, version: int) -> GateReport:
        """Judge a version on the gate questions against what is live."""
        events = gate_version(
            self._library, version, judge=judge_for(self._library, self._servers, self.cancel), cancel=self.cancel
        )
        return self._last(events, GateFinished).report

    def deploy(self, version: int, *, force: bool = False, reason: str = "") -> None:
        """Make a version the live one; `RefusedError` when the gate did not find it better, unless forced."""
        engine = self._servers.engine(base_of(self._library, version))
        self._all(
            deployment.deploy_version(self._library, version, engine, force=force, reason=reason, cancel=self.cancel)
        )

    def rollback(self, version: int | None = None) -> None:
        """Make an earlier version (0: the bare base) the live one again; default: the one live before."""
        base = base_of(self._library, deployment.rollback_goal(self._library, version))
        self._all(deployment.rollback(self._library, self._servers.engine(base), version=version, cancel=self.cancel))

    def verify(
        self,
        questions: Sequence[str],
        *,
        quorum: int | None = None,
        teachers: Sequence[str] = (),
        against_writer: bool = False,
        settings: VerificationSettings | None = None,
    ) -> VerificationFinished:
        """Ask several teachers the same and keep what a quorum agrees on. After a stop see `resume_verification`."""
        begun = start_verification(
            self._library,
            read_questions(questions, None),
            quorum=quorum,
            teachers=teachers,
            against_writer=against_writer,
            settings=settings,
        )
        return self._verify(begun.verification)

    def resume_verification(self) -> VerificationFinished:
        """Go on with the verification that was stopped; no answer that came in whole is asked for again."""
        return self._verify(continue_verification(self._library))

    def verified(self, min_confidence: float = MIN_CONFIDENCE) -> list[VerifiedResponse]:
        """The responses that a quorum stands behind, with every teacher's answer."""
        return list(every_verified(self._library, min_confidence))

    def export_verified(self, path: Path | str, min_confidence: float = MIN_CONFIDENCE) -> int:
        """Write them to a file (`.gz`: compressed), one JSON object a line; returns how many."""
        return export_verified(self._library, Path(path), min_confidence)

    def versions(self) -> list[ModelVersion]:
        """All versions, oldest first."""
        return versions.list_versions(self._library)

    def statistics(self) -> Statistics:
        """Totals: versions, best accuracy, live version, pairs by state, runs."""
        return statistics(self._library)

    def close(self) -> None:
        """Stop the helper processes and close the library."""
        self._stack.close()

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _verify(self, verification: Verification) -> VerificationFinished:
        events = run_verification(self._library, verification.id, self._servers, self.cancel)
        return self._last(events, VerificationFinished)

    def _all(self, events: Iterable[Event]) -> None:
        for event in events:
            if self._listen is not None:
                self._listen(event)

    def _last(self, events: Iterable[Event], kind: type[Wanted]) -> Wanted:
        found: Wanted | None = None
        for event in events:
            if self._listen is not None:
                self._listen(event)
            if isinstance(event, kind):
                found = event
        if found is None:
            raise BugError(f"The work ended without {kind.__name__}.")
        return found
