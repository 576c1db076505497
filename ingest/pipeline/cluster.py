"""Article to cluster: find what it is a copy of, keep the evidence, and say where it stands.

Reading the index, verifying and joining are one transaction, and those of different articles come one after another:
two workers that cluster two copies at once would otherwise both see nothing and open two clusters. What is costly and
needs no other article (stems, signature) is done before it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import structlog
from sqlalchemy import Connection

from ingest.dedup import candidates
from ingest.dedup.explain import RULE_SAME, RULE_SAME_APART
from ingest.dedup.minhash import SCHEME, band_keys_of, digest_key, values
from ingest.pipeline import embedded, placement
from ingest.pipeline.attempt import attempt
from ingest.pipeline.compare import SAME_SCORE, Meaning, Newcomer, Text, newcomer, same_text, text_of, unpack_keys
from ingest.pipeline.linked import note_link
from ingest.pipeline.meanings import kind_of, meaning_of
from ingest.pipeline.placement import Coming, as_node, coming_of, place
from ingest.pipeline.regroup import gather, regroup
from ingest.pipeline.runtime import Runtime
from ingest.pipeline.texts import Span
from ingest.pipeline.window import catch_up, hold
from ingest.store.duplicates import clusters, decisions, embeddings, evidence, signatures
from ingest.store.duplicates.clusters import Member
from ingest.store.duplicates.signatures import Signed, seconds
from ingest.store.engine import Database, serialise
from ingest.store.queue import units
from ingest.store.queue.units import Unit
from ingest.store.texts import articles
from ingest.types import Article, Copy, Link, Match, Stage

log = structlog.get_logger()

WINDOW = timedelta(days=14)
LOCK = "cluster"


@dataclass(frozen=True, slots=True)
class ClusterOutcome:
    """Where an article stands after its step."""

    article_id: str
    cluster_id: str
    size: int
    kind: Copy | None  # in what way it is a copy; None: it stands for its cluster


def cluster_article(document_id: str, runtime: Runtime) -> Stage | None:
    """Cluster a stored article; nothing comes after it."""
    return attempt(document_id, Stage.CLUSTER, runtime, lambda unit: _cluster(unit, runtime))


def _cluster(unit: Unit, runtime: Runtime) -> Stage | None:
    with runtime.database.reading() as connection:
        article = articles.load(connection, unit.id)
        assert article is not None, f"document {unit.id} at cluster has an article"
        text = text_of(article)
        said = None if runtime.encoder is None else embeddings.of_text(connection, text.digest, runtime.encoder.label)
    new = newcomer(text, _meaning(runtime, text, said))
    make_ready(runtime.database, runtime.settings.index_memory_mb * 1_000_000, new.meaning)
    with runtime.database.writing() as connection:
        window = timedelta(days=runtime.settings.window_days)
        cluster_in_transaction(connection, article, new=new, window=window)
        units.finish(connection, unit)
    return None


def make_ready(database: Database, most_bytes: int, meaning: Meaning | None, placing: int = 1) -> None:
    """Bring into memory what pays and has room there; to be called before the transaction.

    Vectors come first: without them a text takes many times as long, without the index a little longer.
    meaning: what the next text means; None: no vectors are asked for. placing: how many texts are about to be placed.
    """
    taken = 0 if meaning is None else embedded.hold(database, kind_of(meaning), most_bytes)
    hold(database, most_bytes - taken, placing)


def _meaning(runtime: Runtime, text: Text, said: tuple[str, bytes] | None) -> Meaning | None:
    """What the encoder says of a text; None where none is named, or the one that is named cannot be read."""
    if runtime.encoder is None:
        return None
    try:
        return meaning_of(runtime.encoder, text, said)
    except runtime.fatal as error:
        _warn(str(error))
        return None


@cache
def _warn(reason: str) -> None:
    """Say once a process why related coverage is found by words alone: no article waits for the encoder."""
    log.warning("related coverage without its encoder", reason=reason)


def cluster_in_transaction(
    connection: Connection, article: Article, *, new: Newcomer | None = None, window: timedelta = WINDOW
) -> ClusterOutcome:
    """Give an article its place among the others; running it again changes nothing.

    new: the article's text, signed beforehand, so that the transaction is short.
    """
    new = newcomer(text_of(article)) if new is None else new
    return cluster_together(connection, [(article, new)], window=window)[0]


def cluster_together(
    connection: Connection, some: Sequence[tuple[Article, Newcomer]], *, window: timedelta = WINDOW
) -> list[ClusterOutcome]:
    """Give several articles their places, one after another, as `cluster_in_transaction` would.

    What can be asked for all of them at once is: most are new, and nothing is known of them.
    """
    serialise(connection, LOCK)
    catch_up(connection)
    _let_go(connection)
    fresh = _fresh(connection, some)
    waiting: list[Coming] = []
    opened: set[str] = set()
    for article, new in some:
        if article.id in fresh:
            waiting.append(fresh.pop(article.id))
        else:
            opened |= place(connection, waiting, window) if waiting else set()
            waiting = []
            _settle(connection, article, new, window)
    opened |= place(connection, waiting, window) if waiting else set()
    return _outcomes(connection, [article.id for article, _ in some], opened)


def _fresh(connection: Connection, some: Sequence[tuple[Article, Newcomer]]) -> dict[str, Coming]:
    """What the rows say of those that have no place yet and that no decision names; asked once for all of them."""
    numbers = articles.numbers(connection, [article.id for article, _ in some])
    placed = clusters.placed(connection, numbers)
    ids = [article_id for article_id in numbers if article_id not in placed]
    if not ids:
        return {}
    decided = {end for decision in decisions.about(connection, ids) for end in (decision.a, decision.b)}
    taken = clusters.taken(connection, map(clusters.id_of, ids))
    return {
        article.id: Coming(
            article=article,
            new=new,
            number=numbers[article.id],
            span=Span(at_s := seconds(placement.at(article)), at_s),
            seat=None,
            decided=False,
            founded=clusters.id_of(article.id) in taken,
        )
        for article, new in some
        if article.id in numbers and article.id not in placed and article.id not in decided
    }


def _settle(connection: Connection, article: Article, new: Newcomer, window: timedelta) -> None:
    """Place an article that has a place, or that a decision names."""
    seat = clusters.of_article(connection, article.id)
    if seat is not None:
        if _unchanged(connection, seat, new):
            _relate(connection, seat, article, new)
            return
        _detach(connection, seat, window)
    place(connection, [coming_of(connection, article, new)], window)
    for decision in decisions.about(connection, [article.id]):
        if decision.link == Link.MUST:
            note_link(connection, decision)


def _relate(connection: Connection, seat: Member, article: Article, new: Newcomer) -> None:
    """Relate a text by what it means that was placed while nobody knew, as by a decision before its own step."""
    if new.meaning is None or seat.leader != article.id:
        return
    signed = signatures.load(connection, [article.id], SCHEME)[article.id]
    inside = signatures.leaves(connection, signed) is not None  # vectors go when texts leave the index
    if inside and not embeddings.known(connection, new.meaning.encoder, signed.number):
        placement.relate(connection, [coming_of(connection, article, new)])


def _outcomes(connection: Connection, article_ids: Sequence[str], opened: set[str]) -> list[ClusterOutcome]:
    """Where clustered articles stand; those that opened a cluster need not be asked for."""
    seats = clusters.of_articles(connection, [i for i in article_ids if i not in opened])
    standing = clusters.standing(connection, {seat.cluster_id for seat in seats.values()})
    return [
        ClusterOutcome(i, clusters.id_of(i), 1, None)
        if i not in seats
        else ClusterOutcome(
            i, seats[i].cluster_id, standing[seats[i].cluster_id].size, Copy(kind) if (kind := seats[i].kind) else None
        )
        for i in article_ids
    ]


def withdraw(connection: Connection, article_id: str, *, window: timedelta = WINDOW) -> None:
    """Take an article out of its cluster and the index, for a takedown; what stood with it is grouped anew.

    To be called before the article's own row goes.
    """
    serialise(connection, LOCK)
    catch_up(connection)
    place = clusters.of_article(connection, article_id)
    if place is None:
        return
    _detach(connection, place, window, gone=True)
    decisions.forget_before(connection, article_id)
    embeddings.forget(connection, articles.numbers(connection, [article_id]).values())
    left = clusters.leaders_in(connection, [place.cluster_id])
    if left:
        regroup(connection, left)
    elif place.cluster_id in clusters.standing(connection, [place.cluster_id]):
        clusters.drop(connection, place.cluster_id)


def _let_go(connection: Connection) -> None:
    """Take texts out of the index whose time there is over, once there are many. Until then no look-up answers them."""
    over = signatures.expired(connection, seconds(datetime.now(UTC)))
    signatures.unindex(connection, list(zip(over, _keys_of_each(over), strict=True)))


def keys_of(signed: Signed) -> tuple[int, ...]:
    """The keys under which a signature stands in the index."""
    return _keys_of_each([signed])[0]


def _keys_of_each(some: Sequence[Signed]) -> list[tuple[int, ...]]:
    bands = band_keys_of(values([signed.hashes for signed in some])).view("<i4").tolist()
    return [(*b, digest_key(s.digest), *unpack_keys(s.terms)) for s, b in zip(some, bands, strict=True)]


def _unchanged(connection: Connection, place: Member, new: Newcomer) -> bool:
    """Whether the article is placed already, with this very text and under this scheme."""
    if not new.text.features.comparable:
        return place.leader == place.article_id and place.words == new.text.features.words
    signed = signatures.load(connection, [place.leader], SCHEME).get(place.leader)
    return signed is not None and signed.digest == new.text.digest


def _detach(connection: Connection, place: Member, window: timedelta, *, gone: bool = False) -> None:
    """Forget what was found about an article's text; its exact copies go on under the first of them.

    gone: the article loses its seat as well; otherwise it keeps it, and so its cluster's id if nobody claims it.
    """
    _unsign(connection, place.article_id)
    evidence.forget_pairs(connection, place.article_id)
    copies = [copy for copy in clusters.copies_of(connection, place.article_id) if copy.article_id != place.article_id]
    if gone:
        clusters.remove_member(connection, place.article_id)
    if copies:
        _succeed(connection, place, copies, window)


def _succeed(connection: Connection, place: Member, copies: Sequence[Member], window: timedelta) -> None:
    """Let the first of a leader's exact copies lead the others; it may be one that is parted from them."""
    first, *others = copies
    heir = articles.load(connection, first.article_id)
    assert heir is not None, f"member {first.article_id} is an article"
    clusters.succeed(connection, place.article_id, heir.id)
    decisions.hand_on(connection, place.article_id, heir.id)
    _unsign(connection, heir.id)
    if moves := any(copy.parted_from is None for copy in others):  # those that follow are more than one that leads
        clusters.move(connection, [(heir.id, place.cluster_id)])
    lengths = clusters.lengths(connection, [heir.id, *(copy.article_id for copy in others[: candidates.MOST])])
    pairs = [_same(heir.id, copy, lengths) for copy in others if copy.article_id in lengths]
    evidence.save_matches(connection, pairs)
    as_node(connection, heir, newcomer(text_of(heir)), window)
    if moves and first.cluster_id != place.cluster_id:
        gather(connection, heir.id, [first.cluster_id])


def _same(leader: str, copy: Member, lengths: dict[str, int]) -> tuple[Match, float]:
    """What is to be shown for an exact copy, and its score; one that is parted from its leader is linked with it."""
    rule, score = (RULE_SAME, 0.0) if copy.parted_from is None else (RULE_SAME_APART, SAME_SCORE)
    return same_text(leader, copy.article_id, lengths[leader], lengths[copy.article_id], rule), score


def part(connection: Connection, article: Article, window: timedelta) -> None:
    """Make an exact copy a text of its own, parted from the one it follows until it follows again."""
    place = clusters.of_article(connection, article.id)
    assert place is not None, f"article {article.id} has a place"
    if place.leader == article.id:
        return
    lengths = clusters.lengths(connection, [article.id, place.leader])
    evidence.forget_pairs(connection, article.id)  # below: the leader may be too old to be found in the index
    evidence.save_matches(connection, [_same(place.leader, replace(place, parted_from=place.leader), lengths)])
    as_node(connection, article, newcomer(text_of(article)), window, parted_from=place.leader)


def follow_again(connection: Connection, article_id: str) -> None:
    """Make a text that is parted from the one it is an exact copy of follow that one again."""
    place = clusters.of_article(connection, article_id)
    if place is None or place.parted_from is None:
        return
    _unsign(connection, article_id)
    evidence.forget_pairs(connection, article_id)
    embeddings.forget(connection, articles.numbers(connection, [article_id]).values())
    clusters.follow(connection, [article_id], place.parted_from)
    lengths = clusters.lengths(connection, [article_id, place.parted_from])
    evidence.save_matches(connection, [_same(place.parted_from, replace(place, parted_from=None), lengths)])
    gather(connection, place.parted_from)


def _unsign(connection: Connection, article_id: str) -> None:
    """Take an article's text out of the index, where it stands there."""
    for signed in signatures.of_article(connection, article_id):
        signatures.remove(connection, signed, keys_of(signed))


def resign(connection: Connection, old: Signed, window: timedelta) -> None:
    """Put this version's signature in place of another one's."""
    leaves_s = signatures.leaves(connection, old)
    signatures.remove(connection, old, keys_of(old))
    article = articles.load(connection, old.article_id)
    if article is None or signatures.load(connection, [old.article_id], SCHEME):
        return
    placement.resign(connection, old, newcomer(text_of(article)), leaves_s, int(window.total_seconds()))
