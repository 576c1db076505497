"""/v1/documents: texts that are pushed to us, and where each stands."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Header, HTTPException, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection, delete, insert, select

from ingest.publish.article import Shape
from ingest.store.consumers.tokens import Scope
from ingest.store.engine import db_now
from ingest.store.queue import standing
from ingest.store.schema import receipts
from ingest.store.texts import documents
from ingest.types import Page, Stage, State
from ingest.web.auth import program
from ingest.web.database import Reading, TheDatabase
from ingest.web.problems import described

MOST = 100
REMEMBERED_S = 86_400
"""How long an idempotency key answers the same."""

router = APIRouter(prefix="/documents", tags=["documents"])


class Pushed(BaseModel):
    """A text for us: plain text or HTML, or only an address that we fetch."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    id: str | None = Field(None, min_length=1, max_length=500, examples=["courrier-2026-0312"])
    """Yours. Without a `url`, the same id is the same document; other content makes a revision of it."""
    url: str | None = Field(None, max_length=2000, pattern="^https?://", examples=["https://example.org/barrage"])
    """Where it stands; the same address is the same document."""
    title: str | None = Field(None, max_length=2000, examples=["Le barrage sera réparé"])
    text: str | None = Field(None, min_length=1, examples=["Le barrage de Lunaise sera réparé avant l'hiver."])
    html: str | None = Field(None, min_length=1)
    published: AwareDatetime | None = Field(None, examples=["2026-03-02T12:00:00Z"])
    author: str | None = Field(None, max_length=500)
    source: str | None = Field(None, max_length=300, examples=["Le Courrier"])
    language: str | None = Field(None, pattern="^[a-z]{2,3}$", examples=["fr"])
    """A hint; the text has the last word."""

    @model_validator(mode="after")
    def _has_content(self) -> Self:
        if (self.text is None) == (self.html is None) and not (self.url and self.text is None):
            raise ValueError("expected one of `text` and `html`, or a `url` alone")
        return self


class PushedBatch(BaseModel):
    """Several at once; they are taken in together, or not at all."""

    model_config = ConfigDict(extra="forbid")

    documents: list[Pushed] = Field(min_length=1, max_length=MOST)


class Received(Shape):
    """What became of a push."""

    id: str
    """Of the document, and of the article it becomes."""
    new: bool
    """Seen for the first time."""
    changed: bool
    """There is work: it is new, or says something new. false: exactly this was here before."""
    revision: int
    """Of the page; 0 while it is to be fetched."""
    status_url: str


class ReceivedBatch(Shape):
    """What became of each, in the order they came."""

    items: tuple[Received, ...]


class DocumentStatus(Shape):
    """Where a document stands."""

    id: str
    state: State
    stage: Stage
    reason: str | None
    """Of rejected, waiting and quarantined documents: a short word."""
    detail: str | None
    """The same for people."""
    url: str | None
    given_id: str | None
    attempts: int
    created: datetime
    changed: datetime
    article_url: str | None
    """Where the article is, once there is one."""


Pusher = Annotated[str, Depends(program(Scope.INGEST))]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="For 24 hours the same key with the same body answers the same; with another body 409.",
    ),
]


@router.post("", status_code=202, response_model=Received, responses=described(400, 401, 403, 409, 413, 422))
def push(body: Pushed, database: TheDatabase, who: Pusher, key: Key = None) -> Response:
    """Take a text in. 202: it is kept, and becomes an article soon; `status_url` says how far it is."""
    with database.writing() as connection:
        answer = once(connection, who, key, body, lambda: take_in(connection, body))
    return Response(answer, status_code=202, media_type="application/json")


@router.post("/batch", status_code=202, response_model=ReceivedBatch, responses=described(400, 401, 403, 409, 413, 422))
def push_batch(body: PushedBatch, database: TheDatabase, who: Pusher, key: Key = None) -> Response:
    """Take up to 100 texts in, all of them or none."""
    with database.writing() as connection:
        answer = once(
            connection,
            who,
            key,
            body,
            lambda: ReceivedBatch(items=tuple(take_in(connection, item) for item in body.documents)),
        )
    return Response(answer, status_code=202, media_type="application/json")


@router.get(
    "/{document_id}",
    response_model=DocumentStatus,
    responses=described(401, 403, 404, 422),
    dependencies=[Depends(program(Scope.READ))],
)
def status(connection: Reading, document_id: str) -> DocumentStatus:
    """Where a document stands: on its way, done, or why there is no article."""
    found = standing.document(connection, document_id)
    if found is None:
        raise HTTPException(404, f"There is no document {document_id[:40]}.")
    return DocumentStatus(
        id=found.id,
        state=found.state,
        stage=found.stage,
        reason=found.reason,
        detail=found.detail,
        url=found.url,
        given_id=found.given_id,
        attempts=found.attempts,
        created=found.created,
        changed=found.changed,
        article_url=f"/v1/articles/{found.id}" if found.state is State.DONE else None,
    )


def take_in(connection: Connection, pushed: Pushed) -> Received:
    """One text through the door."""
    content, kind = (pushed.text, "text/plain") if pushed.text is not None else (pushed.html, "text/html")
    if content is None:
        assert pushed.url is not None, "validated"
        came = documents.admit_url(connection, pushed.url, origin="push", source=pushed.source)
    else:
        page = Page(
            content.encode("utf-8", errors="replace"),
            kind,
            "utf-8",
            pushed.url,
            datetime.now(UTC),
            title=pushed.title,
            published=pushed.published,
            author=pushed.author,
            language=pushed.language,
        )
        came = documents.admit_page(connection, page, origin="push", given_id=pushed.id, source=pushed.source)
    return Received(
        id=came.document_id,
        new=came.new,
        changed=came.changed,
        revision=came.revision,
        status_url=f"/v1/documents/{came.document_id}",
    )


def once(connection: Connection, who: str, key: str | None, body: BaseModel, act: Any) -> str:
    """What the act answers, as JSON; the same key does not act again, and answers what it answered then."""
    if key is None:
        return str(act().model_dump_json())
    known = sha256(f"{who}\0{key}".encode()).hexdigest()
    digest = sha256(body.model_dump_json().encode()).hexdigest()
    connection.execute(delete(receipts).where(receipts.c.at < db_now(-REMEMBERED_S)))
    row = connection.execute(select(receipts).where(receipts.c.sha256 == known)).first()
    if row is not None:
        if row.body_sha256 != digest:
            raise HTTPException(409, "Idempotency-Key: this key came with another body before; use a new one.")
        return str(row.answer["json"])
    answer = str(act().model_dump_json())
    connection.execute(insert(receipts).values(sha256=known, body_sha256=digest, answer={"json": answer}, at=db_now()))
    return answer
