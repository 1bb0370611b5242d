"""Topics, translations, lint made anew, languages and lengths."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lorastudio.datasets.lint import Finding
from lorastudio.domain.cancel import CancelToken
from lorastudio.domain.pair import Origin, PairState, Split
from lorastudio.domain.pair_filter import EVERY_PAIR, PairFilter
from lorastudio.services import curation
from lorastudio.services.cleaning.findings import lint_again
from lorastudio.services.cleaning.reports import SideLanguages, report_languages, report_lengths
from lorastudio.services.cleaning.topics import list_topics, look_for_topics
from lorastudio.services.cleaning.translating import look_for_translations
from lorastudio.store.clusters import ClusterKind, cluster_of, list_clusters
from lorastudio.store.library import Library
from lorastudio.store.pairs import list_pairs
from tests.datasets.test_translations import ENGLISH, PORTUGUESE
from tests.services.cleaning.samples import add, embedder, last, pair

COPPER = "Which copper sample was annealed longest, number {}?"
BREAD = "How is bread baked in a wooden oven, loaf {}?"


@pytest.fixture
def several(empty_library: Library) -> Library:
    add(empty_library, *(pair(text.format(n), f"Answer {n}.") for n in range(3) for text in (COPPER, BREAD)))
    add(empty_library, pair("Quem és?", "Eu."))
    return empty_library


def test_topics_by_words_have_names_and_leave_out_what_is_like_no_other(several: Library) -> None:
    found = last(look_for_topics(several, None, CancelToken()))
    assert (found.looked_at, found.clusters, found.apart) == (7, 2, 1)
    named = list_topics(several)
    assert [topic.pair_ids for topic in named] == [(1, 3, 5), (2, 4, 6)]
    assert {"annealed", "copper"} & set(named[0].label.split(", "))
    assert cluster_of(several, ClusterKind.TOPICS, 1) == (3, 5)


def test_topics_by_embeddings(several: Library) -> None:
    with embedder(several, lambda text: 0.0 if "copper" in text else 90.0) as (vectors, _):
        found = last(look_for_topics(several, vectors, CancelToken()))
    assert (found.clusters, found.apart) == (2, 0)
    assert [topic.pair_ids for topic in list_topics(several)] == [(2, 4, 6, 7), (1, 3, 5)]


def test_translations_on_both_sides_of_the_split_are_kept_out_of_training(empty_library: Library) -> None:
    add(empty_library, pair("Tell me about it.", ENGLISH, group="held"), split=Split.HELDOUT)
    add(empty_library, pair("Fale sobre isso.", PORTUGUESE, group="new"))
    found = last(look_for_translations(empty_library, None, CancelToken()))
    assert (found.clusters, found.separated, found.marked) == (1, 1, 1)
    assert [pair.lint for pair in list_pairs(empty_library)] == [(), (Finding.HELDOUT_CLASH,)]
    assert [pair.split for pair in list_pairs(empty_library)] == [Split.HELDOUT, Split.TRAIN]
    curation.undo(empty_library)
    assert [pair.lint for pair in list_pairs(empty_library)] == [(), ()]


def test_embeddings_find_translations_that_share_few_numbers(empty_library: Library) -> None:
    english = pair("How warm was it?", "The sample was kept at 650 K for the whole of the night.")
    portuguese = pair("Quão quente estava?", "A amostra foi mantida a 650 K durante toda a noite.", group="p")
    other = replace(portuguese, good="A amostra foi mantida a 550 K durante toda a noite.")
    add(empty_library, english, portuguese, other)
    assert last(look_for_translations(empty_library, None, CancelToken())).clusters == 0
    with embedder(empty_library, lambda text: 5.0 if "550" in text else 0.0) as (vectors, _):
        found = last(look_for_translations(empty_library, vectors, CancelToken()))
    assert [cluster.pair_ids for cluster in list_clusters(empty_library, ClusterKind.TRANSLATIONS)] == [(1, 2)]
    assert (found.separated, found.marked) == (0, 0)


def test_lint_is_made_anew_as_one_step(empty_library: Library) -> None:
    add(
        empty_library,
        pair("Why?", "A long answer, of many words.", "Short.", lint=("trivial edit", Finding.NEAR_DUPLICATE)),
        pair("How?", "Like this, I think.", "Like that, I think."),
    )
    assert lint_again(empty_library, CancelToken()).pairs == (1,)
    assert [pair.lint for pair in list_pairs(empty_library)] == [(Finding.LENGTH_BIAS, Finding.NEAR_DUPLICATE), ()]
    assert curation.undo(empty_library).undo_label == "findings made anew"
    assert list_pairs(empty_library)[0].lint == ("trivial edit", Finding.NEAR_DUPLICATE)


def test_the_language_of_each_side(empty_library: Library) -> None:
    english, portuguese = "What is in the house of the man?", "A amostra não foi feita aqui no laboratório."
    add(
        empty_library,
        pair(english, "It is in the lab, as it was.", portuguese),
        pair(english, portuguese),
        pair(english, None, "42"),
    )
    found = report_languages(empty_library, CancelToken())
    assert dict(found.counts) == {
        SideLanguages("en", "en", "pt"): 1,
        SideLanguages("en", "pt", ""): 1,
        SideLanguages("en", "", "unknown"): 1,
    }
    assert (found.answers_differ, found.prompt_differs) == ((1,), (2,))


def test_lengths_of_the_accepted_by_origin_and_language(empty_library: Library) -> None:
    pairs = [pair("Why?", "x" * (20 + n), "y" * 10, language="en") for n in range(3)]
    pairs.append(replace(pair("Why?", "x", "yy"), origin=Origin.DRAFTED, language="pt"))
    add(empty_library, *pairs, pair("Why?", "x"), state=PairState.ACCEPTED)
    add(empty_library, pair("Who?", "x", "yyyyyy"))
    found = report_lengths(empty_library, CancelToken(), EVERY_PAIR)
    assert found.overall is not None
    assert (found.overall.pairs, found.overall.good_longer) == (4, 0.75)
    assert {name: bias.pairs for name, bias in found.by_origin.items()} == {"drafted": 1, "imported": 3}
    assert {name: bias.good_longer for name, bias in found.by_language.items()} == {"en": 1.0, "pt": 0.0}
    waiting = report_lengths(empty_library, CancelToken(), PairFilter(states=(PairState.PENDING,)))
    assert waiting.overall is not None and waiting.overall.bad_longer == 1.0
