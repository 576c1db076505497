from pathlib import Path

import numpy as np
import pytest

from models.train.batches import Batch, Group, Sampler, read_groups, share

PAD = 9_999


def group(language: str, origin: str, pairs: int, first: int) -> Group:
    """Pairs of 1 to 12 ids; every id of pair i is `first + i`, so that a row tells where it came from."""
    lengths = np.array([1 + i % 12 for i in range(pairs)])
    ids = np.repeat(np.arange(first, first + pairs), lengths).astype(np.uint16)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return Group(language, origin, ids, starts, ids.copy(), starts)


def groups() -> list[Group]:
    return [group("fr", "europarl", 400, 1000), group("de", "newsdev", 100, 3000)]


def rows(batches: list[Batch]) -> list[int]:
    return [int(row[0]) for batch in batches for row in batch.target]


def test_both_sides_of_a_row_come_from_one_pair() -> None:
    for batch in Sampler(groups(), PAD, seed=1).round(0.5, 200, 60):
        assert (batch.source[:, 0] == batch.target[:, 0]).all()
        assert batch.source.shape == batch.target.shape


def test_no_batch_is_larger_than_asked() -> None:
    batches = list(Sampler(groups(), PAD, seed=1).round(0.5, 200, 60))
    assert max(batch.target.size for batch in batches) <= 60
    assert sum(len(batch.target) for batch in batches) == 200


def test_no_pair_comes_twice_inside_a_pass() -> None:
    sampler = Sampler(groups(), PAD, seed=1)
    drawn = rows([b for _ in range(3) for b in sampler.round(0.0, 30, 60)])
    news = [i for i in drawn if i >= 3000]
    assert len(set(news)) == len(news)


def test_a_restored_sampler_goes_on_where_the_other_stood() -> None:
    one = Sampler(groups(), PAD, seed=1)
    list(one.round(0.0, 150, 60))
    other = Sampler(groups(), PAD, seed=1)
    other.restore(one.state())
    assert rows(list(one.round(0.3, 150, 60))) == rows(list(other.round(0.3, 150, 60)))


def test_news_grows_and_parliament_shrinks_over_a_run() -> None:
    parliament, news = groups()
    assert share(news, 1.0) == pytest.approx(5 / 3 * share(news, 0.0))
    assert share(parliament, 1.0) == pytest.approx(share(parliament, 0.0) / 3)


def test_padding_does_not_count_as_tokens() -> None:
    batch = Batch(np.zeros((2, 3), np.int64), np.array([[5, 0, PAD], [5, 6, 0]]), PAD)
    assert batch.tokens == 5


def test_groups_are_read_as_prepare_writes_them(tmp_path: Path) -> None:
    arrays = {
        "de.pud.source": np.array([5, 6, 0, 7, 0], np.uint16),
        "de.pud.source_length": np.array([3, 2], np.uint16),
        "de.pud.target": np.array([8, 0, 9, 9, 0], np.uint16),
        "de.pud.target_length": np.array([2, 3], np.uint16),
    }
    np.savez(tmp_path / "tokens.npz", **arrays)
    (read,) = read_groups(tmp_path / "tokens.npz")
    assert (read.language, read.origin, len(read)) == ("de", "pud", 2)
    assert read.source_start.tolist() == [0, 3, 5]
    assert read.target_start.tolist() == [0, 2, 5]
