"""Rows that many tests need."""

from __future__ import annotations

from typing import Any

from lorastudio.domain.draft import Call, CallPurpose, Cycle
from lorastudio.domain.messages import user
from lorastudio.domain.pair import NewPair, Origin, Split
from lorastudio.domain.version import ModelVersion
from lorastudio.store.calls import record_sent
from lorastudio.store.cycles import NewQuestion, create_cycle
from lorastudio.store.groups import assign_splits
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs
from lorastudio.store.questions import list_questions
from lorastudio.store.runs import create_run
from lorastudio.store.versions import add_version


def new_cycle(library: Library, texts: tuple[str, ...] = ("Why?", "How?")) -> Cycle:
    return create_cycle(
        library,
        seed=7,
        max_iterations=6,
        writer="local",
        critic="critic",
        writer_version=None,
        settings={"score": 0.9},
        questions=[NewQuestion(text, f"group of {text}", "en", {"max_words": 50}) for text in texts],
    )


def first_question_id(library: Library) -> int:
    return list_questions(library, new_cycle(library).id)[0].id


def sent_call(library: Library, question_id: int, key: str = "1/1/1/draft/0", **changes: Any) -> Call:
    values: dict[str, Any] = {
        "key": key,
        "question_id": question_id,
        "iteration": 1,
        "purpose": CallPurpose.DRAFT,
        "endpoint": "local",
        "request": {"messages": [{"role": "user", "content": "Twelve char"}]},
    }
    return record_sent(library, **(values | changes))


def new_pair(text: str, group: str = "group", **changes: Any) -> NewPair:
    values: dict[str, Any] = {
        "prompt": user(f"Ask {text}"),
        "good": f"good {text}",
        "bad": f"bad {text}",
        "group": group,
        "origin": Origin.DRAFTED,
    }
    return NewPair(**(values | changes))


def stored_pairs(library: Library, *texts: str) -> tuple[int, ...]:
    """The ids of new pending pairs about `texts`."""
    assign_splits(library, {"group": Split.TRAIN})
    return add_pairs(library, [new_pair(text) for text in texts]).ids


def new_version(library: Library, number: int = 1, **changes: Any) -> ModelVersion:
    """A version of its own run, in the library."""
    values: dict[str, Any] = {
        "version": number,
        "base_model": "practice",
        "training_date": "2026-11-22T12:00:00Z",
        "num_examples": 98,
        "final_loss": 0.31,
        "validation_accuracy": None,
        "gate_accuracy": None,
        "baseline_accuracy": None,
        "config": {"rank": 8},
        "model_path": str(library.home / "versions" / f"{number}-abc"),
        "parent": None,
        "base_fingerprint": "b",
        "template_hash": "t",
        "dataset_hash": "d",
        "adapter_hash": "a",
        "run_id": create_run(library, config={"rank": 8}, base_model="practice").id,
        "metrics": {"token_accuracy": 0.9},
    }
    version = ModelVersion(**(values | changes))
    add_version(library, version)
    return version
