from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from lorastudio.deploy.golden import greedy_ids, read_golden
from lorastudio.deploy.targets.local import LocalTarget, Served
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.deployment_events import DeploymentBegan, DeploymentDone, DeploymentStep, DeploymentStepped
from lorastudio.domain.errors import Cancelled, KnownError, RefusedError, UsageError
from lorastudio.domain.events import Event
from lorastudio.paths import practice_model
from lorastudio.processes.engine import Engine
from lorastudio.processes.jobs import Worker
from lorastudio.services.deployment import deploy_version, mend_deployments, rollback
from lorastudio.store.deployments import Deployment, list_deployments, live_version, unfinished_deployments
from lorastudio.store.library import Library
from lorastudio.store.versions import get_version, set_gate_result
from lorastudio.training.protocol import ADAPTER_FILE, PUBLIC_NAME
from tests.services.practice_versions import INVERTED, TAUGHT

STEPS = list(DeploymentStep)

# Deploys version 1 of a home and kills itself when it hears of the n-th event.
KILLED_DEPLOYMENT = """
import os, signal, sys
from pathlib import Path
from lorastudio.domain.cancel import CancelToken
from lorastudio.paths import practice_model
from lorastudio.processes.engine import Engine
from lorastudio.services.deployment import deploy_version
from lorastudio.store.library import Library
library = Library.open(Path(sys.argv[1]), write=True, verb="test")
engine = Engine(practice_model())
engine.start()
print(engine.pid, flush=True)
events = deploy_version(library, 1, engine, force=True, reason="a test", cancel=CancelToken())
for number, event in enumerate(events, start=1):
    if number == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass
class Deploying:
    """One library and the shared engine and worker."""

    library: Library
    engine: Engine
    worker: Worker

    def forced(self, version: int, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        return deploy_version(
            self.library,
            version,
            self.engine,
            force=True,
            reason="a test",
            cancel=cancel or CancelToken(),
            worker=lambda: nullcontext(self.worker),
        )

    def judged(self, version: int) -> Iterator[Event]:
        source = lambda: nullcontext(self.worker)  # noqa: E731
        return deploy_version(self.library, version, self.engine, cancel=CancelToken(), worker=source)

    def back(self, version: int | None = None) -> Iterator[Event]:
        source = lambda: nullcontext(self.worker)  # noqa: E731
        return rollback(self.library, self.engine, version, cancel=CancelToken(), worker=source)

    @property
    def live(self) -> int | None:
        return live_version(self.library)

    @property
    def last_entry(self) -> Deployment:
        return list_deployments(self.library)[-1]

    def answers_as(self, version: int | None) -> bool:
        """Whether the public name gives exactly the greedy answers of `version` (None: the base)."""
        golden = read_golden(Path(get_version(self.library, version or TAUGHT).model_path))
        prompts = [answer.prompt for answer in golden]
        expected = tuple(answer.ids for answer in golden)
        if version is None:
            expected = greedy_ids(self.engine.url, self.engine.token, self.engine.base_name, prompts)
        return greedy_ids(self.engine.url, self.engine.token, PUBLIC_NAME, prompts) == expected


@pytest.fixture(scope="module")
def shared_engine() -> Iterator[Engine]:
    with Engine(practice_model()) as engine:
        yield engine


@pytest.fixture
def deploying(library: Library, shared_engine: Engine, shared_worker: Worker) -> Iterator[Deploying]:
    yield Deploying(library, shared_engine, shared_worker)
    shared_engine.alias(None)
    for name in shared_engine.versions:
        shared_engine.unload(name)


def test_a_better_version_is_deployed_step_by_step(deploying: Deploying) -> None:
    set_gate_result(deploying.library, TAUGHT, verdict="better", accuracy=0.5, baseline=0.1)
    events = list(deploying.judged(TAUGHT))
    number = deploying.last_entry.id
    assert events == [
        DeploymentBegan(number, "local", TAUGHT, None, "deploy"),
        *(DeploymentStepped(number, step) for step in STEPS),
        DeploymentDone(number, "local", TAUGHT, None, "deploy"),
    ]
    assert (deploying.live, deploying.last_entry.state) == (TAUGHT, "done")
    assert deploying.answers_as(TAUGHT)
    assert not deploying.answers_as(None)


@pytest.mark.parametrize("verdict", [None, "worse", "not enough evidence"])
def test_without_the_verdict_better_it_is_refused(deploying: Deploying, verdict: str | None) -> None:
    if verdict is not None:
        set_gate_result(deploying.library, TAUGHT, verdict=verdict, accuracy=None, baseline=None)
    with pytest.raises(RefusedError, match=verdict or "not judged"):
        list(deploying.judged(TAUGHT))
    assert (deploying.live, list_deployments(deploying.library)) == (None, [])


def test_against_the_gate_only_with_a_reason_which_the_journal_keeps(deploying: Deploying) -> None:
    with pytest.raises(UsageError, match="reason"):
        list(deploy_version(deploying.library, TAUGHT, deploying.engine, force=True, reason=" ", cancel=CancelToken()))
    list(deploying.forced(TAUGHT))
    assert (deploying.last_entry.kind, deploying.last_entry.reason) == ("forced", "a test")


def test_an_unknown_target_is_a_usage_error(deploying: Deploying) -> None:
    with pytest.raises(UsageError, match="moon"):
        list(deploy_version(deploying.library, TAUGHT, deploying.engine, target="moon", cancel=CancelToken()))


def test_back_and_forth(deploying: Deploying) -> None:
    with pytest.raises(KnownError, match="nothing to roll back"):
        list(deploying.back())
    list(deploying.forced(TAUGHT))
    list(deploying.forced(INVERTED))
    assert deploying.answers_as(INVERTED)
    list(deploying.back())
    assert deploying.live == TAUGHT
    assert deploying.answers_as(TAUGHT)
    list(deploying.back())
    assert deploying.live is None
    assert deploying.answers_as(None)
    list(deploying.back(INVERTED))
    assert deploying.answers_as(INVERTED)
    list(deploying.back(0))
    assert deploying.live is None
    kinds = [entry.kind for entry in list_deployments(deploying.library)]
    assert kinds == ["forced", "forced", "rollback", "rollback", "rollback", "rollback"]


def test_a_damaged_version_is_refused_before_anything_changes(deploying: Deploying) -> None:
    adapter = Path(get_version(deploying.library, TAUGHT).model_path) / ADAPTER_FILE
    adapter.chmod(0o644)
    adapter.write_bytes(adapter.read_bytes()[:-1] + b"?")
    with pytest.raises(RefusedError, match=f"{ADAPTER_FILE} was changed"):
        list(deploying.forced(TAUGHT))
    assert (deploying.live, deploying.last_entry.state, deploying.engine.versions) == (None, "failed", {})


@pytest.mark.parametrize("column", ["base_fingerprint", "template_hash"])
def test_a_version_of_another_base_is_refused(deploying: Deploying, column: str) -> None:
    deploying.library.execute(f"UPDATE versions SET {column} = 'another'")
    with pytest.raises(RefusedError, match=column.replace("_", " ")):
        list(deploying.forced(TAUGHT))
    assert (deploying.live, deploying.last_entry.state) == (None, "failed")


def test_an_adapter_without_effect_is_told_from_a_wrong_one(deploying: Deploying, tmp_path: Path) -> None:
    """The engine would serve both without a word."""
    taught, inverted = (Path(get_version(deploying.library, number).model_path) for number in (TAUGHT, INVERTED))
    target = LocalTarget(deploying.engine)
    for number, wrong, words in (
        (8, zeroed(taught / ADAPTER_FILE), "no effect"),
        (9, inverted / ADAPTER_FILE, "differ"),
    ):
        folder = tmp_path / f"version{number}"
        shutil.copytree(taught, folder)
        (folder / ADAPTER_FILE).unlink()
        (folder / ADAPTER_FILE).write_bytes(wrong if isinstance(wrong, bytes) else wrong.read_bytes())
        target.stage(Served(number, folder))
        with pytest.raises(RefusedError, match=words):
            target.probe_staged(Served(number, folder))


def test_a_failed_probe_puts_the_old_version_back_and_proves_it(deploying: Deploying) -> None:
    list(deploying.forced(TAUGHT))
    with pytest.raises(RefusedError, match="answers as the bare base model"):
        for event in deploying.forced(INVERTED):
            if isinstance(event, DeploymentStepped) and event.step is DeploymentStep.SWITCHED:
                deploying.engine.alias(None)
    assert deploying.live == TAUGHT
    assert deploying.last_entry.state == "failed"
    assert "bare base model" in deploying.last_entry.note
    assert deploying.answers_as(TAUGHT)


@pytest.mark.parametrize("step", [DeploymentStep.STAGED, DeploymentStep.SWITCHED])
def test_work_that_is_given_up_leaves_the_old_version(deploying: Deploying, step: DeploymentStep) -> None:
    events = deploying.forced(TAUGHT)
    for event in events:
        if isinstance(event, DeploymentStepped) and event.step is step:
            events.close()
    assert (deploying.live, deploying.last_entry.state) == (None, "undone")
    assert deploying.answers_as(None)


def test_cancelled_before_the_switch_nothing_has_changed(deploying: Deploying) -> None:
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        for event in deploying.forced(TAUGHT, cancel=cancel):
            if isinstance(event, DeploymentStepped) and event.step is DeploymentStep.PROBED:
                cancel.cancel()
    assert deploying.live is None
    assert unfinished_deployments(deploying.library) == []


def test_a_kill_at_every_step_is_finished_or_undone_at_the_next_start(
    deploying: Deploying, trained_home: Path, tmp_path: Path
) -> None:
    kills = range(1, len(STEPS) + 2)

    def killed(number: int) -> tuple[Path, int]:
        home = tmp_path / f"killed{number}"
        shutil.copytree(trained_home, home)
        command = [sys.executable, "-c", KILLED_DEPLOYMENT, str(home), str(number)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        return home, int(ended.stdout)

    with ThreadPoolExecutor(3) as at_once:
        results = list(at_once.map(killed, kills))
    flipped = STEPS.index(DeploymentStep.FLIPPED) + 2  # the first event is that it began
    for number, (home, engine_pid) in zip(kills, results, strict=True):
        with Library.open(home, write=True, verb="test") as library:
            lines = mend_deployments(library)
            assert live_version(library) == (TAUGHT if number >= flipped else None), number
            assert unfinished_deployments(library) == []
            [entry] = list_deployments(library)
            assert entry.state == ("done" if number >= flipped else "undone")
            assert len(lines) == (0 if number > STEPS.index(DeploymentStep.CONFIRMED) + 1 else 1)
            assert mend_deployments(library) == []
        wait_until_gone(engine_pid)


def zeroed(adapter: Path) -> bytes:
    """The adapter with every weight 0: 8 bytes that say how long the header is, the header, then the weights."""
    data = adapter.read_bytes()
    (header,) = struct.unpack("<Q", data[:8])
    return data[: 8 + header] + bytes(len(data) - 8 - header)


def wait_until_gone(pid: int) -> None:
    """Until a process that lost its parent has ended; the test's own time limit is the end of patience."""
    pause = threading.Event()
    while Path(f"/proc/{pid}").exists() if Path("/proc").exists() else alive(pid):
        pause.wait(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
