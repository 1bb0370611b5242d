"""What the models are asked at the gate, and their answers: files in the look's own folder.

Everything asked follows from the library and the look's seed, and finished answers stay in the folder, so a
look that was killed goes on with the answers it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.events import Event, Progressed
from lorastudio.domain.files import write_atomic
from lorastudio.domain.gate import GateQuestion
from lorastudio.domain.messages import as_records, user
from lorastudio.domain.seeds import derive_seed
from lorastudio.gate.canaries import Canary
from lorastudio.practice.prompts import PRACTICE_MAX_TOKENS
from lorastudio.processes.jobs import Worker

SAMPLES = 4
TEMPERATURE = 1.0
MAX_TOKENS = 512
CANARY_MAX_TOKENS = 64
MOST_GOOD_ANSWERS = 200
CANDIDATE, LIVE, BASE = "candidate", "live", "base"

Record = dict[str, Any]
WorkerSource = Callable[[], AbstractContextManager[Worker]]


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is compared on what. `adapters` are folders by contestant, None for the bare base.

    `good_rows` are held-out rows `{"prompt", "good"}` of the candidate's run.
    """

    base: Path
    adapters: dict[str, str | None]
    questions: Sequence[GateQuestion]
    canaries: Sequence[Canary]
    good_rows: Sequence[Record]
    seed: int

    @property
    def against(self) -> str:
        """The contestant that the candidate is compared with."""
        return LIVE if LIVE in self.adapters else BASE


@dataclass(frozen=True, slots=True)
class Replies:
    """Output lines of the worker: answers by (contestant, id), and scores likewise."""

    answers: dict[tuple[str, str], Record]
    scores: dict[tuple[str, str], Record]


def ask_all(contest: Contest, folder: Path, worker: WorkerSource, cancel: CancelToken) -> Iterator[Event]:
    """Get all answers and scores into `folder`, with one worker child, or none when they are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    scored = {name: contest.adapters[name] for name in (CANDIDATE, contest.against)}
    jobs = [
        _prepare(folder, "sample", "requests", _requests(contest), contest.base, contest.adapters),
        _prepare(folder, "score", "rows", _rows(contest), contest.base, scored),
    ]
    waiting = [job for job in jobs if not Path(job["output"]).exists()]
    if not waiting:
        return
    with worker() as child:
        for job in waiting:
            for message in child.run(job, cancel):
                if message["type"] == "progress":
                    yield Progressed(str(job["job"]), int(message["done"]), int(message["of"]))


def read_replies(folder: Path) -> Replies:
    """The answers and scores that `ask_all` brought."""
    return Replies(_by_contestant(folder / "sample.out.jsonl"), _by_contestant(folder / "score.out.jsonl"))


def answer_id(question: GateQuestion, sample: int) -> str:
    return f"q{question.id}.{sample}"


def canary_id(place: int) -> str:
    return f"c{place}"


def good_id(place: int) -> str:
    return f"g{place}"


def read_lines(path: Path) -> list[Record]:
    """The objects of a JSON-lines file; none when there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _requests(contest: Contest) -> Iterator[Record]:
    """Each sample of a question has the same seed for all contestants; canaries are greedy, and never asked of live."""
    for name in contest.adapters:
        for question in contest.questions:
            most = PRACTICE_MAX_TOKENS if question.checks.get("practice") else MAX_TOKENS
            for sample in range(SAMPLES):
                seed = derive_seed("gate", contest.seed, question.id, sample)
                yield sample_request(answer_id(question, sample), name, question.text, seed, TEMPERATURE, most)
        for place, canary in enumerate(contest.canaries if name != LIVE else ()):
            yield sample_request(canary_id(place), name, canary.prompt, 0, 0.0, CANARY_MAX_TOKENS)


def sample_request(key: str, name: str, text: str, seed: int, temperature: float, max_tokens: int) -> Record:
    """One line of a worker's `sample` job: the adapter called `name` answers `text`."""
    return {
        "id": key,
        "adapter": name,
        "messages": as_records(user(text)),
        "seed": seed,
        "temperature": temperature,
        "max_tokens": max_tokens,
    }


def _rows(contest: Contest) -> Iterator[Record]:
    for place, row in enumerate(contest.good_rows[:MOST_GOOD_ANSWERS]):
        yield {"id": good_id(place), "messages": row["prompt"], "answer": row["good"]}


def _prepare(
    folder: Path, job: str, name: str, records: Iterable[Record], base: Path, adapters: dict[str, str | None]
) -> Record:
    """Write a job's input; an output of another input is no use and goes."""
    path, output = folder / f"{job}.jsonl", folder / f"{job}.out.jsonl"
    content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    if not path.exists() or path.read_bytes() != content:
        output.unlink(missing_ok=True)
        write_atomic(path, content)
    return {"job": job, "base": str(base), "adapters": adapters, name: str(path), "output": str(output)}


def _by_contestant(path: Path) -> dict[tuple[str, str], Record]:
    return {(record["adapter"], record["id"]): record for record in read_lines(path)}
