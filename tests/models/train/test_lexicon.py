import numpy as np
import pytest

from models.train import lexicon


def ids(*sentences: tuple[int, ...]) -> list[np.ndarray]:
    return [np.array(sentence, np.int64) for sentence in sentences]


# source: 0 la 1 maison 2 bleue 3 fleur 4 empty; target: 0 the 1 house 2 blue 3 flower
SOURCE = ids((0, 1), (0, 1, 2), (0, 3), (0, 3, 2), (0, 2))
TARGET = ids((0, 1), (0, 2, 1), (0, 3), (0, 2, 3), (0, 2))
EMPTY = 4


def best(table: lexicon.Lexicon, source: int) -> int:
    rows = np.flatnonzero(table.source == source)
    return int(table.target[rows[np.argmax(table.probability[rows])]])


def test_translations_are_found_across_changed_word_order() -> None:
    table = lexicon.fit(SOURCE, TARGET, target_size=4, rounds=10)
    assert [best(table, word) for word in range(4)] == [0, 1, 2, 3]


def test_probabilities_of_a_source_piece_sum_to_one() -> None:
    table = lexicon.symmetric(SOURCE, TARGET, EMPTY, target_size=4)
    assert np.bincount(table.source, table.probability) == pytest.approx(np.ones(4))


def test_both_directions_together_are_sharper_than_one() -> None:
    one = lexicon.fit(SOURCE, TARGET, target_size=4, rounds=6)
    both = lexicon.symmetric(SOURCE, TARGET, EMPTY, target_size=4, rounds=6)

    def sharpness(table: lexicon.Lexicon) -> float:
        return float(np.bincount(table.source, table.probability**2)[:4].mean())

    assert sharpness(both) > sharpness(one)


def test_the_empty_word_is_not_in_the_symmetric_table() -> None:
    assert EMPTY not in lexicon.symmetric(SOURCE, TARGET, EMPTY, target_size=4).source


def test_pruning_drops_small_entries_and_keeps_sums() -> None:
    table = lexicon.Lexicon(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0.96, 0.04, 1.0])).pruned(0.05)
    assert table.target.tolist() == [0, 1]
    assert table.probability.tolist() == [1.0, 1.0]


def test_carried_vector_points_between_translations_at_their_length() -> None:
    table = lexicon.Lexicon(np.array([1, 1]), np.array([0, 1]), np.array([0.5, 0.5]))
    vectors, known = lexicon.carry(table, np.array([[2.0, 0.0], [0.0, 2.0]], np.float32), size=3)
    assert known.tolist() == [False, True, False]
    assert np.linalg.norm(vectors[1]) == pytest.approx(2.0)
    assert vectors[1, 0] == pytest.approx(vectors[1, 1])
