"""What Prometheus reads: counts from the database, with few labels. No address, title or id is ever one of them.

Counters grow with the trail (`outcomes`): each scrape reads only the rows that are new since the last one of this
process, so that it stays cheap however long the trail is. When old rows are pruned the counts of a running process
stand; after a restart they begin lower, which Prometheus takes for the restart it is.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from ingest.store.engine import Database, db_now
from ingest.store.queue import leases, reconciler
from ingest.store.schema import articles, changes, clusters, documents, feeds, outcomes, translation_memory
from ingest.store.tallies import totals
from ingest.store.texts.translation_memory import ASKED, REMEMBERED
from ingest.types import Stage, State

SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper ends of the buckets of how long an attempt took."""

ROWS_AT_ONCE = 50_000


class StoreMetrics(Collector):
    """The metrics of one database, as this process has followed them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._last_id = 0
        self._outcomes: Counter[tuple[str, str]] = Counter()  # by stage and outcome
        self._buckets: Counter[tuple[str, float]] = Counter()  # by stage and upper end
        self._seconds: Counter[str] = Counter()  # summed, in milliseconds

    def collect(self) -> Iterable[Metric]:
        """Every metric, as of now."""
        with self._lock, self._database.reading() as connection:
            self._follow(connection)
            yield from self._trail()
            yield from _standing(connection)

    def text(self) -> bytes:
        """The metrics in Prometheus' text format, version 0.0.4."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once(list(self.collect())))
        return generate_latest(registry)

    def _follow(self, connection: Connection) -> None:
        while True:
            rows = connection.execute(
                select(outcomes.c.id, outcomes.c.stage, outcomes.c.outcome, outcomes.c.ms)
                .where(outcomes.c.id > self._last_id)
                .order_by(outcomes.c.id)
                .limit(ROWS_AT_ONCE)
            ).all()
            for row in rows:
                self._outcomes[row.stage, row.outcome] += 1
                if row.outcome == State.DONE and row.ms is not None:
                    self._seconds[row.stage] += row.ms
                    self._buckets[row.stage, next((end for end in SECONDS if row.ms <= end * 1000), float("inf"))] += 1
                self._last_id = row.id
            if len(rows) < ROWS_AT_ONCE:
                return

    def _trail(self) -> Iterable[Metric]:
        ended = CounterMetricFamily(
            "newsfold_outcomes", "Attempts that ended, by stage and outcome.", labels=["stage", "outcome"]
        )
        for (stage, outcome), count in sorted(self._outcomes.items()):
            ended.add_metric([stage, outcome], count)
        yield ended
        took = HistogramMetricFamily(
            "newsfold_stage_seconds", "How long attempts that ended well took.", labels=["stage"]
        )
        for stage in sorted({stage for stage, _ in self._buckets}):
            below, buckets = 0, []
            for end in (*SECONDS, float("inf")):
                below += self._buckets[stage, end]
                buckets.append(("+Inf" if end == float("inf") else str(end), below))
            took.add_metric([stage], buckets, self._seconds[stage] / 1000)
        yield took


class _Once(Collector):
    """What was collected a moment ago."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _standing(connection: Connection) -> Iterable[Metric]:
    """How things stand: counts and ages."""
    standing = GaugeMetricFamily("newsfold_documents", "Documents by stage and state.", labels=["stage", "state"])
    query = select(documents.c.stage, documents.c.state, func.count()).group_by(documents.c.stage, documents.c.state)
    counts = {(stage, state): count for stage, state, count in connection.execute(query)}
    for stage in Stage:
        for state in State:
            standing.add_metric([stage, state], counts.get((stage, state), 0))
    yield standing
    yield _waiting_age(connection)
    yield _feeds(connection)
    for name, help_text, table in (
        ("newsfold_articles", "Articles.", articles),
        ("newsfold_clusters", "Clusters, merged ones included.", clusters),
        ("newsfold_translation_memory_sentences", "Sentences the translation memory holds.", translation_memory),
    ):
        yield GaugeMetricFamily(name, help_text, value=connection.scalar(select(func.count()).select_from(table)) or 0)
    yield _memory(connection)
    newest = connection.scalar(select(func.max(changes.c.seq)))
    yield GaugeMetricFamily("newsfold_change_sequence", "Number of the newest change for consumers.", value=newest or 0)
    age = leases.age_s(connection, reconciler.RECONCILER)
    yield GaugeMetricFamily(
        "newsfold_reconciler_age_seconds",
        "Seconds since stuck work was last looked for; -1 before the first time.",
        value=-1 if age is None else age,
    )


def _waiting_age(connection: Connection) -> Metric:
    family = GaugeMetricFamily(
        "newsfold_oldest_waiting_seconds", "How long the document that waits longest is due.", labels=["stage"]
    )
    oldest = (
        select(documents.c.stage, func.min(documents.c.next_run_at), db_now())
        .where(documents.c.state.in_((State.PENDING, State.RETRY)))
        .group_by(documents.c.stage)
    )
    ages = {stage: max(0.0, (now - since).total_seconds()) for stage, since, now in connection.execute(oldest)}
    for stage in Stage:
        family.add_metric([stage], ages.get(stage, 0.0))
    return family


def _memory(connection: Connection) -> Metric:
    """Sentences the translation memory was asked for, ever, by whether it had them."""
    family = CounterMetricFamily(
        "newsfold_translation_memory_lookups", "Sentences looked for in the translation memory.", labels=["found"]
    )
    counted = totals(connection)
    found = counted.get(REMEMBERED, 0)
    family.add_metric(["yes"], found)
    family.add_metric(["no"], counted.get(ASKED, 0) - found)
    return family


def _feeds(connection: Connection) -> Metric:
    family = GaugeMetricFamily("newsfold_feeds", "Feeds by state.", labels=["state"])
    query = select(feeds.c.state, func.count()).group_by(feeds.c.state)
    for state, count in sorted(tuple(row) for row in connection.execute(query)):
        family.add_metric([state], count)
    return family
