"""The stages as filters, JSON lines in and out, for scripts and for measuring: detect, clean, translate, dedup.

They need no broker and no database and remember nothing from one item to the next (`dedup` apart, which reads to the
end). What each answers is what the pipeline would have stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ingest.cli import jsonl
from ingest.cli.encoder import the_encoder
from ingest.cli.guard import Guard
from ingest.cli.jsonl import Item, text_field
from ingest.errors import BadInput
from ingest.settings import Settings, load
from ingest.types import Document, Page, Rejection, Span, Stage

app = typer.Typer()


@app.command()
def detect() -> None:
    """Tell languages: {id, text} to {id, lang, spans: [{start, end, lang}]}.

    Example: echo '{"id": 1, "text": "Bonjour à tous. Guten Morgen zusammen."}' | ingest detect
    """
    from ingest.language import Identifier

    identifier, limit = Identifier(), load().max_page_bytes

    def work(items: Sequence[Item]) -> list[dict[str, Any]]:
        return [_detected(identifier, item, limit) for item in items]

    raise typer.Exit(jsonl.answer(_needs_text, work))


def _detected(identifier: Any, item: Item, limit: int) -> dict[str, Any]:
    text = _text(item)
    if rejection := _too_large(text, limit, Stage.EXTRACT):
        return jsonl.rejected(rejection)
    identified = identifier.identify(text)
    return {"lang": identified.lang, "spans": [_span(span) for span in identified.spans]}


@app.command()
def clean() -> None:
    """Strip boilerplate: {id, html, url?}, {id, text} or {id, lines} to {id, title, text, keep, dropped, …}.

    `title?` names the headline where it is known; else it is looked for.
    Example: echo '{"id": 1, "lines": ["Le port reste fermé. La grève commence le 5 mars.", "Partager"]}' | ingest clean
    """
    settings = load()
    with Guard(_Cleaner(settings), stage=Stage.EXTRACT) as cleaner:

        def work(items: Sequence[Item]) -> list[dict[str, Any]]:
            return [_cleaned(cleaner(item.fields)) for item in items]

        status = jsonl.answer(_needs_page, work)
    raise typer.Exit(status)


class _Cleaner:
    """Extraction and the repeats that only the language shows, as the pipeline does them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._identifier: Any = None

    def __call__(self, fields: dict[str, Any]) -> Document | Rejection:
        from ingest.extract import extract_lines, extract_page
        from ingest.language import Identifier, drop_repeats

        url = text_field(fields, "url", optional=True)
        title = text_field(fields, "title", optional=True)
        size = sum(len(text.encode("utf-8", "replace")) for text in _texts(fields))
        if size > self.settings.max_page_bytes:
            detail = f"at most {self.settings.max_page_bytes:,} bytes expected, got {size:,}"
            return Rejection(Stage.EXTRACT, "too-large", detail)
        if "lines" in fields:
            document = extract_lines(_texts(fields), url=url, title=title)
        else:
            kind = "html" if "html" in fields else "text"
            media = "text/html" if kind == "html" else "text/plain"
            body = _texts(fields)[0].encode("utf-8", "replace")
            document = extract_page(Page(body, media, "utf-8", url, datetime.now(UTC), title))
        if isinstance(document, Rejection):
            return document
        self._identifier = self._identifier or Identifier()
        return drop_repeats(document, self._identifier.identify(document.text))[0]


def _texts(fields: dict[str, Any]) -> list[str]:
    if "lines" in fields:
        return [text_field({"lines": line}, "lines") or "" for line in fields["lines"]]
    return [text_field(fields, "html" if "html" in fields else "text") or ""]


def _cleaned(document: Document | Rejection) -> dict[str, Any]:
    if isinstance(document, Rejection):
        return jsonl.rejected(document)
    metadata = document.metadata
    answer: dict[str, Any] = {"title": document.title, "text": document.text}
    kept = {block.line for block in document.blocks if block.kept and block.line is not None}
    answer["keep"] = sorted(kept)
    answer["dropped"] = [
        {"text": block.text, "rule": block.rule or "score"} for block in document.blocks if not block.kept
    ]
    if metadata.published:
        answer["published"] = metadata.published.isoformat()
    answer |= {name: value for name in ("author", "source") if (value := getattr(metadata, name))}
    if metadata.credits:
        answer["credits"] = list(metadata.credits)
    return answer


@app.command()
def translate(
    model: Annotated[str | None, typer.Option(help="A model's name, as `ingest models list` shows it.")] = None,
) -> None:
    """Translate to English: {id, text, lang?} to {id, text, sentences: [{source, target, start, end, lang, …}]}.

    With `lang` the whole text is in it; without, spans are told apart and English passes letter by letter.

    Example: echo '{"id": 1, "text": "Il fait beau. The end."}' | ingest translate
    """
    from ingest.language import Identifier
    from ingest.translation import translate_texts
    from models import marian

    settings = load()
    translator = marian.load(
        settings.data_dir,
        model=model,
        device=settings.device,
        compute_type=settings.compute_type,
        threads=settings.translate_threads,
    )
    identifier = Identifier()

    def work(items: Sequence[Item]) -> list[dict[str, Any]]:
        texts = [(text := _text(item), _spans(identifier, text, item.fields.get("lang"))) for item in items]
        sizes = [_too_large(text, settings.max_page_bytes, Stage.TRANSLATE) for text, _spans in texts]
        fit = [("", ()) if too_large else text for text, too_large in zip(texts, sizes, strict=True)]
        done = translate_texts(fit, translator)
        return [
            jsonl.rejected(too_large) if too_large else _translated(translation)
            for translation, too_large in zip(done, sizes, strict=True)
        ]

    raise typer.Exit(jsonl.answer(_needs_translatable, work, at_once=jsonl.AT_ONCE))


def _spans(identifier: Any, text: str, lang: str | None) -> tuple[Span, ...]:
    if lang is not None:
        return (Span(0, len(text), lang),) if text else ()
    spans: tuple[Span, ...] = identifier.identify(text).spans
    return spans


def _translated(translation: Any) -> dict[str, Any]:
    if translation.missing is not None:
        return {"waiting": {"stage": str(Stage.TRANSLATE), "reason": f'no model for "{translation.missing}"'}}
    return {
        "text": translation.text,
        "sentences": [
            {
                "source": sentence.source,
                "target": sentence.target,
                "start": sentence.start,
                "end": sentence.end,
                "lang": sentence.lang,
                "model": sentence.model,
                "flags": list(sentence.flags),
            }
            for sentence in translation.sentences
        ],
    }


@app.command()
def dedup() -> None:
    """Find near-duplicates: {id, text, lang?, published?} to {id, cluster, duplicates, related}; answers at the end.

    Example: ingest dedup < articles.jsonl > clusters.jsonl
    """
    from ingest.dedup import Item as Text
    from ingest.dedup import cluster_batch

    items, bad = jsonl.read_all(_needs_datable)
    settings = load()
    limit = settings.max_page_bytes
    refused = {
        place: rejection
        for place, item in enumerate(items)
        if (rejection := _too_large(_text(item), limit, Stage.CLUSTER))
    }
    texts = [
        Text(id=str(place), text=_text(item), lang=item.fields.get("lang"), published=_published(item.fields))
        for place, item in enumerate(items)
        if place not in refused
    ]
    verdicts = {int(verdict.id): verdict for verdict in cluster_batch(texts, encoder=the_encoder(settings))}
    with jsonl.Output() as output:
        for place, item in enumerate(items):
            if place in refused:
                output.write({"id": item.id, **jsonl.rejected(refused[place])})
                continue
            verdict = verdicts[place]
            output.write(
                {
                    "id": item.id,
                    "cluster": items[int(verdict.cluster)].id,
                    "duplicates": [
                        {"id": items[int(found.id)].id, "similarity": round(found.similarity, 4), "rule": found.rule}
                        for found in verdict.duplicates
                    ],
                    "related": [
                        {"id": items[int(found.id)].id, "similarity": round(found.similarity, 4)}
                        for found in verdict.related
                    ],
                }
            )
    raise typer.Exit(1 if bad else 0)


def _text(item: Item) -> str:
    return text_field(item.fields, "text") or ""


def _span(span: Span) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "lang": span.lang}


def _too_large(text: str, limit: int, stage: Stage) -> Rejection | None:
    if len(text) * 4 <= limit or (size := len(text.encode("utf-8", "replace"))) <= limit:
        return None
    return Rejection(stage, "too-large", f"at most {limit:,} bytes expected, got {size:,}")


def _needs_text(fields: dict[str, Any]) -> None:
    text_field(fields, "text")


def _needs_translatable(fields: dict[str, Any]) -> None:
    text_field(fields, "text")
    text_field(fields, "lang", optional=True)


def _needs_page(fields: dict[str, Any]) -> None:
    given = [name for name in ("html", "text", "lines") if name in fields]
    if len(given) != 1:
        raise BadInput("item", 'one of "html", "text", "lines"', " and ".join(given) or "none")
    for name in ("url", "title"):
        text_field(fields, name, optional=True)
    if given == ["lines"] and not isinstance(fields["lines"], list):
        raise BadInput("lines", "a list of strings", type(fields["lines"]).__name__)
    _texts(fields)


def _needs_datable(fields: dict[str, Any]) -> None:
    text_field(fields, "text")
    text_field(fields, "lang", optional=True)
    _published(fields)


def _published(fields: dict[str, Any]) -> datetime | None:
    value = text_field(fields, "published", optional=True)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise BadInput("published", "a date as in ISO 8601", value[:80]) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
