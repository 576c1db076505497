"""Other indexes of MinHash signatures on the same texts: sign, query, insert; nothing is verified or kept in SQL.

datasketch's MinHashLSH in memory, the same on Redis (the embedded Valkey), and rensa's RMinHashLSH, which is installed
by `pip install rensa` and left out without it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.news import News
from ingest.dedup.features import featurize
from ingest.dedup.minhash import BANDS, PERMUTATIONS, ROWS
from ingest.errors import Misconfigured

PEERS = ("datasketch", "datasketch-redis", "rensa")

Numbered = Iterable[tuple[int, list[int]]]


@dataclass(frozen=True, slots=True)
class Index:
    """What asks for a text and puts it in, and what only fills."""

    put: Callable[[int, list[int]], None]
    fill: Callable[[Numbered], None]


def measure(names: Sequence[str], windows: Sequence[int], count: int) -> Iterator[dict[str, Any]]:
    """Documents a second of each peer with so many in its index, the stems being at hand."""
    if not names:
        return
    news = News()
    stems = [featurize(news.text(number)).rare.tolist() for number in range(max(windows) + count * len(windows))]
    for name in names:
        with ExitStack() as stack:
            try:
                index = _MADE[name](stack)
            except (ImportError, Misconfigured) as error:
                yield {"peer": name, "missing": str(error)}
                continue
            done = 0
            for window in windows:
                index.fill((number, stems[number]) for number in range(done, window))
                clock, processor = time.perf_counter(), time.process_time()
                for number in range(window, window + count):
                    index.put(number, stems[number])
                clock, processor = time.perf_counter() - clock, time.process_time() - processor
                done = window + count
                rates = {"clock": round(count / clock, 1), "processor": round(count / processor, 1)}
                yield {"peer": name, "window": window} | rates


def _datasketch(_stack: ExitStack, **storage: Any) -> Index:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS), **storage)
    blank = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=int, scheme="affine32")

    def sign(stems: list[int]) -> MinHash:
        one = blank.copy()
        one.update_batch(stems)
        return one

    def put(number: int, stems: list[int]) -> None:
        one = sign(stems)
        index.query(one)
        index.insert(str(number), one)

    def fill(some: Numbered) -> None:
        with index.insertion_session() as session:
            for number, stems in some:
                session.insert(str(number), sign(stems), check_duplication=False)

    return Index(put, fill)


def _redis(stack: ExitStack) -> Index:
    from redis import Redis

    from ingest.settings import Settings
    from workers.broker import Broker

    broker = Broker(Settings(data_dir=Path(stack.enter_context(tempfile.TemporaryDirectory()))))
    broker.start()
    stack.callback(broker.stop)
    with Redis(unix_socket_path=str(broker.socket)) as client:
        client.config_set("maxmemory", 0)  # ours is bounded for queues: 20,000 texts would fill it
    where = {"type": "redis", "basename": b"bench", "redis": {"unix_socket_path": str(broker.socket)}}
    return _datasketch(stack, storage_config=where)


def _rensa(_stack: ExitStack) -> Index:
    try:
        from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise ImportError("rensa is not installed: pip install rensa") from None

    index = RMinHashLSH(threshold=0.2, num_perm=PERMUTATIONS, num_bands=BANDS)

    def sign(stems: list[int]) -> Any:
        one = RMinHash(num_perm=PERMUTATIONS, seed=1)
        one.update(list(map(str, stems)))
        return one

    def put(number: int, stems: list[int]) -> None:
        one = sign(stems)
        index.query(one)
        index.insert(number, one)

    def fill(some: Numbered) -> None:
        for number, stems in some:
            index.insert(number, sign(stems))

    return Index(put, fill)


_MADE: dict[str, Callable[[ExitStack], Index]] = {
    "datasketch": partial(_datasketch),
    "datasketch-redis": _redis,
    "rensa": _rensa,
}
