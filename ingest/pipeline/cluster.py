"""Article to cluster: find what it is a copy of, keep the evidence, and say where it stands.

Reading the index, verifying and joining are one transaction, and those of different articles come one after another:
two workers that cluster two copies at once would otherwise both see nothing and open two clusters. What is costly and
needs no other article (stems, signature) is done before it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from ingest.dedup import candidates, related
from ingest.dedup.explain import RULE_SAME
from ingest.dedup.minhash import SCHEME, band_keys, digest_key
from ingest.pipeline.attempt import attempt
from ingest.pipeline.compare import Newcomer, Reader, copies, kin, newcomer, same_text, text_of, unpack
from ingest.pipeline.regroup import RECHOSEN, gather, rank, regroup
from ingest.pipeline.runtime import Runtime
from ingest.store import articles, changes, clusters, decisions, signatures, units
from ingest.store.clusters import Member
from ingest.store.engine import serialise
from ingest.store.signatures import Signed, seconds
from ingest.store.units import Unit
from ingest.types import Article, Copy, Link, Stage

WINDOW = timedelta(days=14)
LOCK = "cluster"

_reader = Reader()  # texts this process compared lately; see Reader


@dataclass(frozen=True, slots=True)
class ClusterOutcome:
    """Where an article stands after its step."""

    article_id: str
    cluster_id: str
    size: int
    kind: Copy | None  # in what way it is a copy; None: it stands for its cluster


@dataclass(frozen=True, slots=True)
class Said:
    """Keys of the digests of several articles' texts, as far as they stand in the index."""

    keys: set[int]


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is known of an article that has no place yet; nothing but its own step changes it in a transaction."""

    number: int
    decided: bool  # a decision in force names it
    founded: bool  # a cluster or a redirect has the id that it would found one under
    said: Said


def cluster_article(document_id: str, runtime: Runtime) -> Stage | None:
    """Cluster a stored article; nothing comes after it."""
    return attempt(document_id, Stage.CLUSTER, runtime, lambda unit: _cluster(unit, runtime))


def _cluster(unit: Unit, runtime: Runtime) -> Stage | None:
    with runtime.database.reading() as connection:
        article = articles.load(connection, unit.id)
    assert article is not None, f"document {unit.id} at cluster has an article"
    new = newcomer(text_of(article))
    with runtime.database.writing() as connection:
        window = timedelta(days=runtime.settings.window_days)
        cluster_in_transaction(connection, article, new=new, window=window)
        units.finish(connection, unit)
    return None


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
    _let_go(connection, len(some))
    fresh = _fresh(connection, some)
    return [_settle(connection, article, new, window, fresh.pop(article.id, None)) for article, new in some]


def _fresh(connection: Connection, some: Sequence[tuple[Article, Newcomer]]) -> dict[str, Fresh]:
    """What the rows say of those among the articles that have no place yet."""
    numbers = articles.numbers(connection, [article.id for article, _ in some])
    placed = clusters.placed(connection, numbers)
    ids = [article_id for article_id in numbers if article_id not in placed]
    if not ids:
        return {}
    decided = {end for decision in decisions.about(connection, ids) for end in (decision.a, decision.b)}
    taken = clusters.taken(connection, map(clusters.id_of, ids))
    keys = {digest_key(new.text.digest) for _, new in some}
    # one that is placed anew may bring texts into the index that only a look at it shows
    said = Said(signatures.present(connection, sorted(keys)) if len(ids) == len(some) else keys)
    return {
        article_id: Fresh(numbers[article_id], article_id in decided, clusters.id_of(article_id) in taken, said)
        for article_id in ids
    }


def _settle(
    connection: Connection, article: Article, new: Newcomer, window: timedelta, fresh: Fresh | None
) -> ClusterOutcome:
    """Place one article; fresh: what is known of one without a place, None where it must be asked for."""
    if fresh is None:
        place = clusters.of_article(connection, article.id)
        if place is not None:
            if _unchanged(connection, place, new):
                return outcome(connection, article.id)
            _detach(connection, place, window)
    if _place(connection, article, new, window, fresh) and fresh is not None:
        return ClusterOutcome(article.id, clusters.id_of(article.id), 1, None)
    return outcome(connection, article.id)


def outcome(connection: Connection, article_id: str) -> ClusterOutcome:
    """Where a clustered article stands."""
    place = clusters.of_article(connection, article_id)
    assert place is not None, f"article {article_id} was clustered"
    size = clusters.standing(connection, [place.cluster_id])[place.cluster_id].size
    return ClusterOutcome(article_id, place.cluster_id, size, Copy(place.kind) if place.kind else None)


def withdraw(connection: Connection, article_id: str, *, window: timedelta = WINDOW) -> None:
    """Take an article out of its cluster and the index, for a takedown; what stood with it is grouped anew.

    To be called before the article's own row goes.
    """
    serialise(connection, LOCK)
    place = clusters.of_article(connection, article_id)
    if place is None:
        return
    _detach(connection, place, window, gone=True)
    left = clusters.leaders_in(connection, [place.cluster_id])
    if left:
        regroup(connection, left)
    elif place.cluster_id in clusters.standing(connection, [place.cluster_id]):
        clusters.drop(connection, place.cluster_id)


def _let_go(connection: Connection, coming: int) -> None:
    """Take texts out of the index whose time there is over: a few for each that comes in."""
    for signed in signatures.expired(connection, seconds(datetime.now(UTC)), signatures.PURGED_AT_ONCE * coming):
        signatures.unindex(connection, signed, keys_of(signed))


def keys_of(signed: Signed) -> tuple[int, ...]:
    """The keys under which a signature stands in the index."""
    return (*band_keys(signed.hashes), digest_key(signed.digest), *unpack(signed.terms))


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
    for signed in signatures.of_article(connection, place.article_id):
        signatures.remove(connection, signed, keys_of(signed))
    clusters.forget_pairs(connection, place.article_id)
    followers = [
        m.article_id for m in clusters.led_by(connection, place.article_id) if m.article_id != place.article_id
    ]
    if gone:
        clusters.remove_member(connection, place.article_id)
    if not followers:
        return
    heir = articles.load(connection, followers[0])
    assert heir is not None, f"member {followers[0]} is an article"
    clusters.follow(connection, followers, heir.id)
    lengths = clusters.lengths(connection, followers[: candidates.MOST])
    pairs = [(same_text(heir.id, copy, lengths[heir.id], lengths[copy], RULE_SAME), 0.0) for copy in list(lengths)[1:]]
    clusters.save_matches(connection, pairs)
    as_node(connection, heir, newcomer(text_of(heir)), window)


def join_text(connection: Connection, same: Signed, copies: Sequence[str]) -> None:
    """Make articles that were a text of their own exact copies of another one's again."""
    for copy in copies:
        clusters.forget_pairs(connection, copy)
    follow(connection, same.article_id, copies)
    gather(connection, same.article_id)


def follow(connection: Connection, leader: str, copies: Sequence[str]) -> None:
    """Make articles follow a leader, with a match each to show for it."""
    clusters.follow(connection, copies, leader)
    lengths = clusters.lengths(connection, [leader, *copies])
    pairs = [same_text(leader, copy, lengths[leader], lengths[copy], RULE_SAME) for copy in copies if copy != leader]
    clusters.save_matches(connection, [(pair, 0.0) for pair in pairs])


def _place(connection: Connection, article: Article, new: Newcomer, window: timedelta, fresh: Fresh | None) -> bool:
    """Place an article; returns whether it opened a cluster of its own that nothing is linked with."""
    if not new.text.features.comparable:
        _alone(connection, article, new)
        return False
    at_s = seconds(_at(article))
    reach = int(window.total_seconds())
    key = digest_key(new.text.digest)
    same = None
    if fresh is None or key in fresh.said.keys:
        same = signatures.same_text(connection, key, new.text.digest, SCHEME, at_s - reach, at_s + reach)
    if same is not None and same.article_id != article.id and not _kept_apart(connection, article.id, same.article_id):
        _follow(connection, article, new, same, window, fresh)
        return False
    if fresh is not None:
        fresh.said.keys.add(key)
    return as_node(connection, article, new, window, fresh)


def _kept_apart(connection: Connection, article_id: str, leader: str) -> bool:
    """Whether a person keeps an article apart from any that says a leader's text."""
    ends = {end for d in decisions.about(connection, [article_id]) if d.link == Link.CANNOT for end in (d.a, d.b)}
    return any(place.leader == leader for place in clusters.of_articles(connection, ends - {article_id}).values())


def _at(article: Article) -> datetime:
    """When an article counts as published: never later than it was seen."""
    return min(article.published or article.seen, article.seen)


def _alone(connection: Connection, article: Article, new: Newcomer) -> None:
    """Too little text to compare: a cluster of its own, out of the index."""
    _seat(connection, article, new, None)
    regroup(connection, [article.id])


def _seat(connection: Connection, article: Article, new: Newcomer, fresh: Fresh | None) -> str:
    """Give a text of its own a seat and return its cluster, its own until grouping says better.

    One that has a seat keeps its cluster.
    """
    words = new.text.features.words
    place = clusters.of_article(connection, article.id) if fresh is None else None
    if place is not None:
        clusters.change_member(connection, article.id, leader=article.id, words=words)
        return place.cluster_id
    own = clusters.id_of(article.id)
    clusters.add_member(connection, article.id, cluster_id=own, leader=article.id, words=words, kind=None)
    return own


def _follow(
    connection: Connection, article: Article, new: Newcomer, same: Signed, window: timedelta, fresh: Fresh | None
) -> None:
    """An exact copy: it joins the text it is a copy of, and nothing else needs to be looked at."""
    at_s = seconds(_at(article))
    leader = clusters.of_article(connection, same.article_id)
    assert leader is not None, f"signed article {same.article_id} has a place"
    moved = clusters.of_article(connection, article.id) if fresh is None else None
    words = new.text.features.words
    signatures.extend(connection, same, at_s, _leaves(article, window))
    length = clusters.lengths(connection, [same.article_id])[same.article_id]
    match = same_text(article.id, same.article_id, len(article.text), length, RULE_SAME)
    if moved is not None:
        clusters.change_member(connection, article.id, leader=leader.article_id, words=words)
        clusters.save_matches(connection, [(match, 0.0)])
        gather(connection, leader.article_id)
        return
    clusters.add_member(
        connection, article.id, cluster_id=leader.cluster_id, leader=leader.article_id, words=words, kind=Copy.EXACT
    )
    clusters.save_matches(connection, [(match, 0.0)])
    standing = clusters.standing(connection, [leader.cluster_id])[leader.cluster_id]
    if standing.size < RECHOSEN:
        regroup(connection, [leader.article_id])
    else:
        _count_in(connection, article, leader.cluster_id, standing)


def _count_in(connection: Connection, article: Article, cluster_id: str, standing: clusters.Standing) -> None:
    """Add an exact copy to a large cluster without reading all of it."""
    places = clusters.of_articles(connection, [article.id, standing.representative])
    mine, theirs = places[article.id], places[standing.representative]
    better = not standing.chosen and mine.leader == theirs.leader and rank(mine) < rank(theirs)
    clusters.grow(connection, cluster_id, article.id if better else standing.representative, 1.0)
    if better:
        clusters.set_kinds(connection, {mine.article_id: None, theirs.article_id: Copy.EXACT})
    changes.record(connection, changes.CLUSTER, cluster_id=cluster_id)


def as_node(
    connection: Connection, article: Article, new: Newcomer, window: timedelta, fresh: Fresh | None = None
) -> bool:
    """A text of its own: signed, indexed, compared, grouped; returns whether it opened a cluster.

    fresh: what is known of an article without a place; None: ask.
    """
    at_s, reach = seconds(_at(article)), int(window.total_seconds())
    span = (at_s - reach, at_s + reach)
    found = signatures.sharing(connection, (*new.bands, digest_key(new.text.digest)), candidates.PER_KEY, SCHEME, *span)
    matched = copies(connection, new, found, _reader)
    signed = _signed(connection, article, new, at_s, fresh)
    keys = (*new.bands, digest_key(new.text.digest), *new.terms)
    signatures.save(connection, signed, keys, _leaves(article, window))
    _reader.remember(signed, new.text)
    cluster_id = _seat(connection, article, new, fresh)
    clusters.save_matches(connection, matched)
    opened = False
    if matched or cluster_id != clusters.id_of(article.id) or _decided(connection, article, fresh):
        regroup(connection, {article.id, *clusters.leaders_in(connection, [cluster_id])})
    else:
        opened = _open(connection, article.id, cluster_id, fresh)
    _relate(connection, article, new, at_s, alone=opened)
    return opened


def resign(connection: Connection, old: Signed, window: timedelta) -> None:
    """Sign a text under this version's scheme in place of another, and compare it with what that one did not find."""
    leaves_s = signatures.leaves(connection, old)
    signatures.remove(connection, old, keys_of(old))
    article = articles.load(connection, old.article_id)
    if article is None or signatures.load(connection, [old.article_id], SCHEME):
        return
    new = newcomer(text_of(article))
    signed = replace(_signed(connection, article, new, old.first_s), first_s=old.first_s, last_s=old.last_s)
    matched = []
    if leaves_s is not None:
        reach = int(window.total_seconds())
        keys = (*new.bands, digest_key(new.text.digest))
        span = (old.first_s - reach, old.last_s + reach)
        found = signatures.sharing(connection, keys, candidates.PER_KEY, SCHEME, *span)
        matched = copies(connection, new, found, _reader)
    signatures.save(connection, signed, (*new.bands, digest_key(new.text.digest), *new.terms), leaves_s)
    clusters.save_matches(connection, matched)
    if matched:
        regroup(connection, [article.id])


def _decided(connection: Connection, article: Article, fresh: Fresh | None) -> bool:
    """Whether a decision in force names an article."""
    return fresh.decided if fresh is not None else bool(decisions.about(connection, [article.id]))


def _open(connection: Connection, article_id: str, cluster_id: str, fresh: Fresh | None) -> bool:
    """The cluster of an article that nothing is linked with; False where one stood under its id before."""
    if fresh.founded if fresh is not None else clusters.taken(connection, [cluster_id]):
        regroup(connection, [article_id])
        return False
    clusters.open_single(connection, cluster_id, article_id)
    changes.record(connection, changes.CLUSTER, cluster_id=cluster_id)
    return True


def _signed(connection: Connection, article: Article, new: Newcomer, at_s: int, fresh: Fresh | None = None) -> Signed:
    times = [at_s]
    if fresh is not None:  # nothing follows what has no place
        number = fresh.number
    else:
        number = articles.numbers(connection, [article.id])[article.id]
        times += [seconds(copy.at) for copy in clusters.led_by(connection, article.id, limit=candidates.MOST)]
    return Signed(
        number=number,
        article_id=article.id,
        scheme=SCHEME,
        hashes=new.hashes,
        digest=new.text.digest,
        size=len(new.text.features.rare),
        terms=new.packed_terms,
        first_s=min(times),
        last_s=max(times),
    )


def _leaves(article: Article, window: timedelta) -> int:
    """When a text leaves the index: so long after it came in, and after it was published, that no copy can be near."""
    return seconds(max(_at(article), datetime.now(UTC)) + window)


def _relate(connection: Connection, article: Article, new: Newcomer, at_s: int, *, alone: bool) -> None:
    """Keep the accounts of the same event that are no copies; alone: nothing else stands in the article's cluster."""
    reach = int(related.WINDOW.total_seconds())
    span = (at_s - reach, at_s + reach)
    found = signatures.sharing(connection, new.terms, candidates.PER_KEY, SCHEME, *span, related.SHARED_TERMS)
    if not found:
        return
    together = {article.id}
    if not alone:
        place = clusters.of_article(connection, article.id)
        assert place is not None, f"article {article.id} has a seat"
        together = {member.article_id for member in clusters.in_cluster(connection, place.cluster_id)}
    clusters.save_related(connection, kin(connection, new, found, _reader, together), related.MOST)
