"""The worker children of one run on several hosts: started, joined, watched, and ended together.

`mlx.launch` starts processes by ssh too, but it goes on when its own parent is gone, never closes the stdin of what it
started, and mixes the outputs of all ranks. So the program starts its ranks itself, from the same hostfile and for the
same ring: each is a child with pipes of its own, whose stdin is its lifeline, through ssh as well.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.errors import Cancelled, TrainingError
from lorastudio.processes.child import Child, child_settings, command_for
from lorastudio.processes.jobs import POLL_S, RunningJob, Worker, await_hello, log_in
from lorastudio.training.hosts import Host, HostList

# A rank that can't reach its neighbour says so after 31 s.
JOIN_TIMEOUT_S = 45.0
# How long the others may take to say why, when all that one rank knows is that a neighbour is gone.
CULPRIT_TIMEOUT_S = 2.0
RESUME = "`lorastudio resume` goes on, with these hosts, with others, or without any."
REACHABLE = "Check the addresses in the hosts file, and that no firewall stands between the hosts."
SSH = (
    "ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20",
    # A machine that is switched off or unplugged is given up after a minute.
    "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4", "--",
)  # fmt: skip


def start_workers(hosts: HostList | None, logs: Path | None = None) -> Worker | WorkerGang:
    """One worker on this machine, or one on each of several hosts: either does one job after another."""
    return Worker(logs) if hosts is None or len(hosts.hosts) == 1 else WorkerGang(hosts, logs)


class WorkerGang:
    """One worker a host, which do a job together; the first one reports. Use like a `Worker`, as a context manager.

    `TrainingError` (resumable, it names the host) when one can't be started, is of another version, or can't be
    reached by the others.
    """

    def __init__(self, hosts: HostList, logs: Path | None = None) -> None:
        self._names = hosts.names
        self._children: list[Child] = []
        try:
            ring, log = hosts.ring(), log_in(logs)
            self._children.extend(_start(host, hosts, log) for host in hosts.hosts)
            self._greet()
            places = [{"job": "join", "rank": rank, "ring": ring, "names": self._names} for rank in range(len(ring))]
            for _ in self._together(places, CancelToken(), JOIN_TIMEOUT_S):
                pass
        except BaseException:
            self._end(save_s=0.0)
            raise

    @property
    def pids(self) -> tuple[int, ...]:
        """The children's process ids by rank; for another machine that of the ssh that speaks to it."""
        return tuple(child.pid for child in self._children)

    def run(self, job: dict[str, Any], cancel: CancelToken) -> Iterator[dict[str, Any]]:
        """Give all workers `job` and yield the messages of the first; the last one is `done`.

        Raises `Cancelled` when the job stopped because `cancel` was set. Raises `TrainingError` when a worker failed
        or died, which names its host; the others can't go on without it, and `stop` ends them.
        """
        return self._together([job] * len(self._children), cancel)

    def stop(self) -> None:
        """End the children; a running job is stopped at its next safe point."""
        self._end()

    def __enter__(self) -> WorkerGang:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _greet(self) -> None:
        """Hear every worker's hello: all must be of one version, or they would not do the same."""
        versions = []
        for rank, child in enumerate(self._children):
            try:
                versions.append(await_hello(child)["versions"])
            except TrainingError as error:
                raise self._named(rank, error) from error
            if versions[rank] != versions[0]:
                raise TrainingError(
                    f"{self._names[rank]} has {_listed(versions[rank])}, {self._names[0]} has {_listed(versions[0])}.",
                    "Install the same versions on all hosts.",
                    resumable=True,
                )

    def _together(
        self, jobs: Sequence[dict[str, Any]], cancel: CancelToken, limit_s: float = float("inf")
    ) -> Iterator[dict[str, Any]]:
        """Each rank's job at the same time: the messages of rank 0, until all have ended as they should.

        A process that died, and whatever rank 0 can't do, ends it at once. Before any other complaint is believed,
        which may be no more than that a neighbour is gone, the other ranks are heard.
        """
        running = {
            rank: RunningJob(child, job, cancel)
            for rank, (child, job) in enumerate(zip(self._children, jobs, strict=True))
        }
        give_up_at, troubles = time.monotonic() + limit_s, dict[int, TrainingError]()
        while running and time.monotonic() < give_up_at:
            for rank in list(running):
                try:
                    message = running[rank].next_message(POLL_S if rank == min(running) else 0.0)
                except Cancelled:
                    if rank == 0:
                        raise
                    self._children[rank].stop()  # which closes its end of the ring for those that wait there
                    del running[rank]
                except TrainingError as error:
                    cancel.check()
                    if self._children[rank].returncode is not None:
                        raise self._named(rank, error) from error
                    if rank == 0 and not error.resumable:
                        raise
                    troubles[rank] = error
                    give_up_at = min(give_up_at, time.monotonic() + CULPRIT_TIMEOUT_S)
                    del running[rank]
                else:
                    if message and message["type"] == "done":
                        del running[rank]
                    if message and rank == 0:
                        yield message
        self._complain(troubles)
        if running:
            late = ", ".join(self._names[rank] for rank in running)
            raise TrainingError(f"No word from {late} within {limit_s:.0f} s.", REACHABLE, resumable=True)

    def _complain(self, troubles: Mapping[int, TrainingError]) -> None:
        """Raise the trouble that explains the others, if there is any: one that lies with its own host."""
        for rank, trouble in troubles.items():
            if not trouble.resumable:
                raise self._named(rank, trouble) from trouble
        for trouble in troubles.values():
            raise trouble

    def _named(self, rank: int, error: TrainingError) -> TrainingError:
        """The error with its host. What one host can't do, the run may do again with others."""
        hint = f"{error.hint} {RESUME}".strip()
        return TrainingError(f"On {self._names[rank]}: {error.message}", hint, resumable=True, failure=error.failure)

    def _end(self, save_s: float = 5.0) -> None:
        """All at once: those that wait for each other could otherwise use up the patience one after the other."""
        with ThreadPoolExecutor(max(len(self._children), 1)) as pool:
            list(pool.map(lambda child: child.stop(save_s), self._children))


def _start(host: Host, hosts: HostList, log: Path | None) -> Child:
    settings = dict(hosts.environment)
    if host.is_local:
        return Child("worker", log=log, environment=settings)
    # The program and the base model are expected where they are here.
    variables = [f"{name}={value}" for name, value in (child_settings() | settings).items()]
    remote = shlex.join(["exec", "env", *variables, *command_for("worker")])
    return Child("worker", log=log, command=[*SSH, host.ssh, remote])


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
