from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lorastudio.datasets.clusters import Links, labels, topic_words
from lorastudio.datasets.vectors import close_rows, topics, unit_matrix
from lorastudio.datasets.word_topics import WordTopics
from lorastudio.domain.embedding import as_vector


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=20))
def test_clusters_are_what_can_be_reached(edges: list[tuple[int, int]]) -> None:
    links = Links()
    for one, other in edges:
        links.link(one, other)
    reached: dict[int, set[int]] = {number: {number} for edge in edges for number in edge}
    for _ in range(13):
        for one, other in edges:
            reached[one] = reached[other] = reached[one] | reached[other]
    expected = {tuple(sorted(reached[number])) for number in reached if len(reached[number]) > 1}
    found = links.clusters()
    assert {tuple(cluster) for cluster in found} == expected
    assert found == sorted(found)


def test_a_topic_is_named_by_what_is_frequent_in_it_and_rare_elsewhere() -> None:
    texts = {
        1: [topic_words("please explain copper wires and copper mines"), topic_words("please melt copper")],
        2: [topic_words("please bake bread and more bread"), topic_words("please slice bread")],
    }
    named = labels(texts)
    assert named[1].startswith("copper") and named[2].startswith("bread")
    assert "please" not in named[1].split(", ")[:1]


def test_words_alone_sort_texts_into_topics() -> None:
    found = WordTopics()
    bread = [found.add(f"How is bread baked in a wooden oven {number}?") for number in range(3)]
    metal = [found.add(f"Which copper sample was annealed longest, number {number}?") for number in range(3)]
    assert len(set(bread)) == len(set(metal)) == 1
    assert bread[0] != metal[0]
    assert found.add("") not in (bread[0], metal[0])


def test_close_rows_are_all_above_the_threshold_and_nothing_else() -> None:
    rng = random.Random(3)
    vectors = [as_vector([rng.gauss(0, 1) for _ in range(8)]) for _ in range(600)]
    vectors += [as_vector([2 * value for value in vectors[5]]), as_vector([0.0] * 8)]
    matrix = unit_matrix(vectors)
    found = {(one, other) for one, other, _ in close_rows(matrix, 0.7)}
    cosines = matrix @ matrix.T
    assert found == {(i, j) for i in range(602) for j in range(i + 1, 602) if cosines[i, j] >= 0.7}
    assert (5, 600) in found


def test_topics_of_vectors_are_the_clouds_and_the_same_every_time() -> None:
    rng = random.Random(4)
    centres = [[float(axis == place) for axis in range(8)] for place in range(4)]
    vectors = [as_vector([c + rng.gauss(0, 0.05) for c in centres[number % 4]]) for number in range(40)]
    found = topics(unit_matrix(vectors))
    assert found == topics(unit_matrix(vectors))
    assert len({(number % 4, topic) for number, topic in enumerate(found)}) == len(set(found)) >= 4
    assert topics(unit_matrix(vectors[:1])) == [0]
