"""A million pairs in the library: first pages, counts and searches, and what a person does with all of them.

`make bench-pairs` prints the tables as Markdown and holds the bounds, on a machine that does nothing else meanwhile;
it takes some minutes, nearly all of them to write the pairs. Each figure is the median of five on one connection,
after one that nobody measures.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lorastudio.domain.pair import Decider, Origin, PairOrder, PairState, Split
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.services import curation
from lorastudio.store.imports import commit_imports
from lorastudio.store.library import LIBRARY_FILE, Library
from lorastudio.store.pair_listing import PairFacet, count_by, count_pairs, pair_ids
from lorastudio.store.pairs import get_pair, list_pairs
from tests.benchmarks.pair_crowd import COMMON, RARE, RAREST, fill

PAIRS = 1_000_000
PAGE = 200
REPEATS = 5
PAGE_MS = COUNT_MS = 100.0
SEARCH_MS = 200.0
COMMIT_MS = 1000.0

FILTERS = {
    "every pair": EVERY_PAIR,
    "waiting": PairFilter(states=(PairState.PENDING,)),
    "rejected (all have the least gains)": PairFilter(states=(PairState.REJECTED,)),
    "in Portuguese": PairFilter(languages=("pt",)),
    "with a finding": PairFilter(findings=("too long",)),
    "confidence 0.90 to 0.91": PairFilter(min_confidence=0.9, max_confidence=0.91),
    "gain 0.500 to 0.501": PairFilter(min_margin=0.5, max_margin=0.501),
    "rejected, confidence from 0.8": PairFilter(states=(PairState.REJECTED,), min_confidence=0.8),
    "clean, confidence from 0.5, gain to 0.5": PairFilter(clean=True, min_confidence=0.5, max_margin=0.5),
    "accepted, gain to 0.09 (none)": PairFilter(states=(PairState.ACCEPTED,), max_margin=0.09),
    "of one day": PairFilter(since="2026-10-20", until="2026-10-20"),
    "of one cycle": PairFilter(cycles=(3,)),
    "of one import": PairFilter(imports=(7,)),
    "drafted": PairFilter(origins=(Origin.DRAFTED,)),
    "held out, clean, Portuguese, by the rule": PairFilter(
        splits=(Split.HELDOUT,), clean=True, languages=("pt",), deciders=(Decider.RULE,)
    ),
    "in French (none)": PairFilter(languages=("fr",)),
}
SEARCHES = {
    "a word of every pair": PairFilter(search=COMMON),
    "a word of every pair, rejected ones": PairFilter(search=COMMON, states=(PairState.REJECTED,)),
    "a word of every pair, of one cycle": PairFilter(search=COMMON, cycles=(3,)),
    "the beginning of a word of a third": PairFilter(search="recoz"),
    "two beginnings of most pairs": PairFilter(search="temp dif"),
    "a word of one in a hundred": PairFilter(search=RARE),
    "two words": PairFilter(search=f"{COMMON} {RARE}"),
    "a word of one in a hundred thousand": PairFilter(search=RAREST),
    "a phrase": PairFilter(search='"copper sample"'),
    "a word that is nowhere": PairFilter(search="zirconium"),
}

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


@dataclass
class Table:
    """Rows of milliseconds."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, name: str, *figures: float) -> None:
        self.rows.append((name, *(f"{figure:.0f}" for figure in figures)))

    def timed(self, name: str, action: Callable[[], object]) -> None:
        begin = time.perf_counter()
        action()
        self.add(name, 1000 * (time.perf_counter() - begin))

    def text(self, title: str, *columns: str) -> str:
        head = [f"| {title} | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
        return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in self.rows)])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("million")
    with Library.open(home, write=True) as library:
        begin = time.perf_counter()
        crowd = fill(library, PAIRS)
        written_s = time.perf_counter() - begin
        begin = time.perf_counter()
        commit_imports(library, {import_id: {} for import_id in crowd.imports}, num_pairs=crowd.num_imported)
        commit_ms = 1000 * (time.perf_counter() - begin)
    size_gb = (home / LIBRARY_FILE).stat().st_size / 1e9
    print(f"\n{PAIRS:,} pairs of about 1 kB, {size_gb:.1f} GB, written in {written_s:.0f} s.")
    print(f"The commit that made {crowd.num_imported:,} of them appear: {commit_ms:.0f} ms.")
    assert commit_ms < COMMIT_MS
    return home


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    with Library.open(home, write=False) as library:
        yield library


def median_ms(action: Callable[[], object]) -> float:
    action()
    taken = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - begin))
    return statistics.median(taken)


def page_ms(library: Library, chosen: PairFilter, order: PairOrder) -> float:
    return median_ms(lambda: list_pairs(library, chosen, order=order, limit=PAGE))


def test_the_first_page_and_the_counts_of_any_filter(library: Library) -> None:
    table, pages, counts = Table(), list[float](), list[float]()
    for name, chosen in FILTERS.items():
        by_order = [page_ms(library, chosen, order) for order in PairOrder]
        counted = median_ms(lambda chosen=chosen: count_pairs(library, chosen))
        table.add(name, *by_order, counted)
        pages += by_order
        counts.append(counted)
    print("\n" + table.text("First page of 200, ms", "by arrival", "by gain", "by confidence", "count by state"))
    assert max(pages) < PAGE_MS
    assert max(counts) < COUNT_MS


def test_searches(library: Library) -> None:
    table, pages = Table(), list[float]()
    for name, chosen in SEARCHES.items():
        by_order = [page_ms(library, chosen, order) for order in PairOrder]
        shown = median_ms(lambda chosen=chosen: curation.find_pairs(library, chosen, limit=50))
        counted = median_ms(lambda chosen=chosen: count_pairs(library, chosen))
        table.add(name, *by_order, shown, counted)
        pages += [*by_order, shown]
    columns = ("by arrival", "by gain", "by confidence", "50 with snippets", "count by state")
    print("\n" + table.text("Search, first page of 200, ms", *columns))
    assert max(pages) < SEARCH_MS


def test_everything_else_that_looks(library: Library) -> None:
    last = list_pairs(library, order=PairOrder.MARGIN, limit=PAGE)[-1].id
    middle = int(pair_ids(library, order=PairOrder.MARGIN)[PAIRS // 2])
    by_gain = PairOrder.MARGIN
    looks: dict[str, Callable[[], object]] = {
        "second page by gain": lambda: list_pairs(library, order=by_gain, limit=PAGE, after_id=last),
        "page in the middle by gain": lambda: list_pairs(library, order=by_gain, limit=PAGE, after_id=middle),
        "one pair": lambda: get_pair(library, PAIRS // 2),
        "count by language": lambda: count_by(library, PairFacet.LANGUAGE),
        "readiness": lambda: curation.readiness(library),
        "all ids, 8 MB": lambda: pair_ids(library),
        "all ids by gain": lambda: pair_ids(library, order=by_gain),
    }
    table = Table()
    for name, look in looks.items():
        table.add(name, median_ms(look))
    print("\n" + table.text("Look", "ms"))


def test_what_a_person_does_with_many(home: Path) -> None:
    table = Table()
    with Library.open(home, write=True) as library:
        some = PairFilter(imports=(7,))
        count = len(pair_ids(library, some))
        table.timed("decide on one", lambda: curation.decide(library, [5], PairState.PENDING, Decider.PERSON))
        table.timed(f"decide on {count:,}", lambda: curation.decide_filtered(library, some, PairState.REJECTED))
        table.timed(f"undo the decision on {count:,}", lambda: curation.undo(library))
        curation.undo(library)
        pages = library.value("PRAGMA page_count")
        table.timed("undo the import", lambda: curation.undo(library))
        assert sum(count_pairs(library).values()) == PAIRS // 10
        table.timed("redo the import", lambda: curation.redo(library))
        assert sum(count_pairs(library).values()) == PAIRS
        assert library.value("PRAGMA page_count") - pages < 10
    print("\n" + table.text("Act", "ms"))
    print(f"\nMost memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB.")
