"""A client for programs that read the result: follow the changes, and resume where you stopped.

    from ingest.client import Client

    with Client("https://news.example.org", "nf_…") as news:
        for change in news.follow(since=place.load()):
            if change.kind == "delete":
                mine.drop(change.article_id)
            elif change.article is not None:
                mine.put(change.article)
            place.save(change.seq)  # after the work: a crash repeats this change, and loses none

Applying a change twice does no harm, so `seq` saved after the work is all a crash needs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from ingest.errors import BadInput, Permanent, Retryable, ServerBusy
from ingest.publish.article import ArticleSummary, FullArticle
from ingest.publish.change import Changes, ChangeShape
from ingest.publish.cluster import FullCluster
from ingest.publish.message import Message
from ingest.publish.signing import check

Shape = TypeVar("Shape", bound=BaseModel)

WAIT_S = 25
"""Seconds the server keeps a question for changes open; below what proxies cut off."""

TRIES = 5
LONGEST_PAUSE_S = 60.0


class Client:
    """A connection to one Newsfold; use it as a context, or `close()` it."""

    def __init__(
        self, address: str, token: str, *, timeout_s: float = 40.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=address.rstrip("/"),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=timeout_s,
            transport=transport,
            follow_redirects=True,  # of a merged cluster's id to the one it lives on in
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def follow(self, since: int = 0, *, stop_at_end: bool = False) -> Iterator[ChangeShape]:
        """Every change after `since` with its article as it is now, in order, for ever.

        stop_at_end: end when there is nothing more, instead of waiting for the next change.
        """
        while True:
            wait = 0 if stop_at_end else WAIT_S
            found = self._get(Changes, "/v1/changes", {"since": since, "include": "articles", "wait": wait})
            yield from found.items
            since = found.since
            if stop_at_end and not found.items:
                return

    def articles(self, **narrowed: str | bool) -> Iterator[ArticleSummary]:
        """Summaries of articles, the newest first; narrowed as `/v1/articles` describes: `lang="de"`, `q="dam"`."""
        following: str | None = "/v1/articles"
        parameters: Mapping[str, Any] | None = {"limit": 200, **narrowed}
        while following is not None:
            answer = self._ask("GET", following, params=parameters).json()
            for item in answer["items"]:
                yield ArticleSummary.model_validate(item)
            following, parameters = answer["next"], None

    def article(self, article_id: str) -> FullArticle | None:
        """One article; None where there is none, or none any more."""
        return self._find(FullArticle, f"/v1/articles/{article_id}")

    def cluster(self, cluster_id: str) -> FullCluster | None:
        """One cluster, or the one it lives on in; None where there never was one of that id."""
        return self._find(FullCluster, f"/v1/clusters/{cluster_id}")

    def push(self, *, key: str | None = None, **document: str) -> str:
        """Hand a text in (`text=` or `html=`, and `url=`, `id=`, `title=`, …); returns the id of its article-to-be.

        key: an idempotency key; without one the same text, or the same id, is the same document all the same.
        """
        headers = {"Idempotency-Key": key} if key is not None else {}
        return str(self._ask("POST", "/v1/documents", json=document, headers=headers).json()["id"])

    def _find(self, shape: type[Shape], path: str) -> Shape | None:
        try:
            return self._get(shape, path, {})
        except Gone:
            return None

    def _get(self, shape: type[Shape], path: str, parameters: Mapping[str, Any]) -> Shape:
        return shape.model_validate_json(self._ask("GET", path, params=parameters or None).content)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer; tries again where that may help. Retryable when it did not help, BadInput and Permanent else."""
        pause, problem = 1.0, Retryable(f"{path}: not asked yet")
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(pause if problem.retry_after is None else problem.retry_after, LONGEST_PAUSE_S))
                pause *= 2
            try:
                answer = self._http.request(method, path, **more)
            except httpx.TransportError as error:
                problem = ServerBusy(path, None, why=str(error))
                continue
            if answer.status_code == 429 or answer.status_code >= 500:
                problem = ServerBusy(path, answer.status_code, retry_after=_seconds(answer))
                continue
            if answer.is_error:
                raise _refusal(path, answer)
            return answer
        raise problem


def read_webhook(secret: str, headers: Mapping[str, str], body: bytes) -> Message:
    """The message of a webhook, if it was signed with this secret in the last five minutes; else BadInput.

    headers: as they came. body: the bytes as they came: parsed and written anew, they have another signature. Answer
    2xx when the work is done, or safely put down; anything else, and the same message comes again. What comes twice
    has the same `webhook-id`.
    """
    check(secret, headers, body)
    try:
        return Message.model_validate_json(body)
    except ValidationError as error:
        raise BadInput("webhook", "a message of this version of the interface", str(error.errors()[0]["msg"])) from None


class Gone(Permanent):
    """There is nothing under this id, or no more."""

    reason = "gone"


def _refusal(path: str, answer: httpx.Response) -> Permanent:
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = answer.text[:200]
    if answer.status_code in (404, 410):
        return Gone(f"{path}: {detail}")
    if answer.status_code == 422:
        return BadInput(path, "what the description of the interface says", detail)
    return Permanent(f"{path}: {answer.status_code}: {detail}")


def _seconds(answer: httpx.Response) -> float | None:
    value = answer.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None
