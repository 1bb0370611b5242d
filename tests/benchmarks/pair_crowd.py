"""A library of very many pairs, as unlike each other as those of a busy user: files, cycles, languages, findings."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lorastudio.domain.pair import Decider, PairState, Split
from lorastudio.store.groups import assign_splits
from lorastudio.store.imports import begin_import
from lorastudio.store.library import Library
from tests.store.samples import new_cycle

IMPORTS = 20
CYCLES = 30
DAYS = 60
SPLITS = {"train": Split.TRAIN, "held": Split.HELDOUT, "near": Split.QUARANTINED}
FINDINGS = ("[]", "[]", "[]", "[]", "[]", "[]", '["length bias"]', '["near duplicate"]', '["too long","length bias"]')
# In every text; in one pair of a hundred; in one of a hundred thousand.
COMMON, RARE, RAREST = "copper", "quenched", "palladium"
ENGLISH = """
    sample annealed furnace argon hours temperature measured spectrum surface phase grain diffraction pattern
    layer substrate solution stirred cooled slowly repeated twelve times mean spread recorded result shows that
    the of in was were with under from each between after before
"""
PORTUGUESE = """
    amostra recozida forno argônio horas temperatura medida espectro superfície fase grão difração padrão camada
    substrato solução agitada resfriada lentamente repetida doze vezes média dispersão registrada resultado
    mostra que de em foi foram com sob cada entre depois antes
"""
VOCABULARY = {"en": ENGLISH.split(), "pt": PORTUGUESE.split()}
INSERT = """
INSERT INTO pairs (text_hash, prompt, good, bad, group_id, origin, language, margin, confidence, lint, extra, state,
    decided_by, created_at, cycle_id, import_id)
VALUES (:hash, :prompt, :good, :bad, :group, :origin, :language, :margin, :confidence, :lint, '{}', :state, :decider,
    :at, :cycle, :import)
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The imports to commit, and how many pairs are in them."""

    imports: tuple[int, ...]
    num_imported: int


def fill(library: Library, pairs: int, seed: int = 5) -> Crowd:
    """Write `pairs` pairs of about 1 kB each, nine tenths of them by files that are one import, which is still staged.

    Those that were rejected all have the least gains: the worst case for a page of them by gain.
    """
    assign_splits(library, SPLITS)
    first = begin_import(library, "file-0.jsonl", "seed")
    others = [begin_import(library, f"file-{number}.jsonl", "seed", part_of=first) for number in range(1, IMPORTS)]
    imports = (first, *others)
    cycles = tuple(new_cycle(library).id for _ in range(CYCLES))
    library.execute_many(INSERT, _rows(pairs, imports, cycles, random.Random(seed)))
    return Crowd(imports, pairs * 9 // 10)


def _rows(
    pairs: int, imports: tuple[int, ...], cycles: tuple[int, ...], chance: random.Random
) -> Iterator[dict[str, Any]]:
    for number in range(pairs):
        imported = number < pairs * 9 // 10
        source = number * IMPORTS * 10 // (pairs * 9)
        language = "pt" if chance.random() < 0.3 else "en"
        margin, confidence = round(chance.random(), 4), round(chance.random(), 4)
        decision = _decision(margin, confidence)
        day = 1 + number * DAYS // pairs
        yield {
            "hash": f"{number:064x}",
            "prompt": f'[{{"role":"user","content":"{_text(language, 30, chance)} {number}"}}]',
            "good": f"{_text(language, 60, chance)} {_marked(number)}",
            "bad": _text(language, 60, chance),
            "group": 1 + (number % 10 == 0) + (number % 100 == 0),
            "origin": "imported" if imported else "drafted",
            "language": language,
            "margin": None if number % 5 == 0 else margin,
            "confidence": None if number % 7 == 0 else confidence,
            "lint": chance.choice(FINDINGS),
            "state": decision[0],
            "decider": decision[1],
            "at": f"2026-{9 + day // 31:02}-{1 + day % 30:02}T12:00:00Z",
            "cycle": None if imported else cycles[number % CYCLES],
            "import": imports[source] if imported else None,
        }


def _decision(margin: float, confidence: float) -> tuple[PairState, Decider]:
    if margin < 0.1:
        return PairState.REJECTED, Decider.PERSON
    if confidence > 0.8:
        return PairState.ACCEPTED, Decider.RULE
    if confidence > 0.6:
        return PairState.ACCEPTED, Decider.BULK
    return PairState.PENDING, Decider.NOBODY


def _text(language: str, words: int, chance: random.Random) -> str:
    return " ".join((COMMON, *chance.choices(VOCABULARY[language], k=words)))


def _marked(number: int) -> str:
    return f"{RARE if number % 100 == 7 else ''} {RAREST if number % 100_000 == 7 else ''}"
