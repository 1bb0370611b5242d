"""A program to be killed: writes to the library in its argument, and says after each commit what is in."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from lorastudio.domain.draft import DraftState
from lorastudio.domain.endpoint import Usage
from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.store.calls import record_answer
from lorastudio.store.drafts import append_draft, finish_draft, start_draft
from lorastudio.store.groups import assign_splits
from lorastudio.store.imports import begin_import, commit_import, stage_pairs
from lorastudio.store.library import Library
from lorastudio.store.pairs import add_pairs, decide_pairs
from lorastudio.store.recovery import recover
from tests.store.samples import first_question_id, new_pair, sent_call

PAIRS_AT_ONCE = 3


def main() -> None:
    with Library.open(Path(sys.argv[1]), write=True, verb="crash") as library:
        recover(library)
        assign_splits(library, {"group": Split.TRAIN})
        question_id = first_question_id(library)
        for number in itertools.count():
            tag = f"{os.getpid()}-{number}"
            write_pairs(library, tag)
            write_import(library, tag)
            write_call(library, question_id, tag)


def say(noun: str, *ids: int) -> None:
    """One line in one write: a kill can't cut it so that it reads as another."""
    os.write(1, f"{noun} {' '.join(map(str, ids))}\n".encode())


def write_pairs(library: Library, tag: str) -> None:
    pairs = [new_pair(f"{tag} {index} {'x' * 500}", extra={"tag": tag}) for index in range(PAIRS_AT_ONCE)]
    ids = add_pairs(library, pairs).ids
    say("pairs", *ids)
    decide_pairs(library, ids, PairState.ACCEPTED, Decider.PERSON, "accept")
    say("accepted", *ids)


def write_import(library: Library, tag: str) -> None:
    import_id = begin_import(library, "file.jsonl", "seed")
    for index in range(PAIRS_AT_ONCE):
        stage_pairs(library, import_id, [new_pair(f"import {tag} {index}", extra={"tag": f"import {tag}"})])
    say("pairs", *commit_import(library, import_id, state=PairState.PENDING, decider=Decider.NOBODY, report={}).pairs)


def write_call(library: Library, question_id: int, tag: str) -> None:
    call = sent_call(library, question_id, tag)
    draft = start_draft(library, question_id, 1, call.id)
    append_draft(library, draft.id, "half an ans")
    with library.transaction():
        finish_draft(library, draft.id, text="half an answer", state=DraftState.FINISHED, reasoning="")
        record_answer(
            library,
            call.id,
            answer="half an answer",
            reasoning="",
            finish_reason="stop",
            usage=Usage(1, 1),
            elapsed_s=0.1,
        )
    say("answered", call.id)


if __name__ == "__main__":
    main()
