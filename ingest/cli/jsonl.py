"""JSON lines in, JSON lines out: what every filter does with its input, its answers and its bad lines.

A filter answers each valid line with one line, in input order, as soon as it has the answer; a bad line is reported on
standard error with its number and changes only the exit status. Standard output carries answers and nothing else.
"""

from __future__ import annotations

import json
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from ingest.errors import BadInput
from ingest.types import Rejection

MAX_LINE = 64_000_000
"""Bytes of one line: a page of 5 MB with every character escaped, and room; a longer line is read past, not kept."""

AT_ONCE = 16
"""Items answered together where they are there already: enough for full batches, too few to be waited for."""


@dataclass(frozen=True, slots=True)
class Item:
    """One valid input line."""

    line: int  # from 1
    id: Any  # as it came: a string or a number
    fields: dict[str, Any]


_SURROGATE = re.compile("[\ud800-\udfff]")

GATHER_S = 0.02
"""Seconds that a group waits for one more line."""

Line = tuple[int, bytes | None]
"""A numbered line; None for one that was too long to keep."""

Check = Callable[[dict[str, Any]], None]
"""Raises BadInput where an object lacks what the filter needs."""


def answer(check: Check, work: Callable[[Sequence[Item]], Sequence[dict[str, Any]]], *, at_once: int = 1) -> int:
    """Run a filter from standard input to standard output; returns the exit status.

    work: answers for some items, one for one; it gets at most `at_once`, and never waits for more than are there.
    """
    bad = 0
    with Output() as output:
        for group in _groups(sys.stdin.buffer, at_once):
            items = []
            for number, raw in group:
                try:
                    items.append(_item(number, raw, check))
                except BadInput as error:
                    bad += 1
                    print(error, file=sys.stderr, flush=True)
            for item, fields in zip(items, work(items) if items else (), strict=True):
                output.write({"id": item.id, **fields})
    return 1 if bad else 0


def read_all(check: Check) -> tuple[list[Item], int]:
    """Every valid item of standard input, and how many lines were bad."""
    items: list[Item] = []
    bad = 0
    for number, raw in _lines(sys.stdin.buffer):
        try:
            items.append(_item(number, raw, check))
        except BadInput as error:
            bad += 1
            print(error, file=sys.stderr, flush=True)
    return items, bad


def rejected(rejection: Rejection) -> dict[str, Any]:
    """The answer for an item that ended without a result."""
    return {"rejection": {"stage": str(rejection.stage), "reason": rejection.reason, "detail": rejection.detail}}


def text_field(fields: dict[str, Any], name: str, *, optional: bool = False) -> str | None:
    """A field that must be text; BadInput where it is something else, or missing and not optional."""
    value = fields.get(name)
    if value is None and optional:
        return None
    if not isinstance(value, str):
        raise BadInput(name, "a string", "nothing" if value is None else type(value).__name__)
    return _SURROGATE.sub("\ufffd", value)  # JSON can spell half a character; nothing after us can


def _item(number: int, raw: bytes | None, check: Check) -> Item:
    if raw is None:
        raise BadInput(f"line {number}", f"at most {MAX_LINE:,} bytes", "more")
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"line {number}", "a JSON object", f"{error}") from None
    if not isinstance(fields, dict):
        raise BadInput(f"line {number}", "a JSON object", type(fields).__name__)
    if not isinstance(fields.get("id"), str | int) or isinstance(fields["id"], bool):
        raise BadInput(f"line {number}", 'an "id", a string or a whole number', repr(fields.get("id"))[:80])
    try:
        check(fields)
    except BadInput as error:
        raise BadInput(
            f"line {number}, id {str(fields['id'])[:80]}: {error.where}", error.expected, error.got
        ) from None
    return Item(number, fields["id"], fields)


def _groups(stream: IO[bytes], at_once: int) -> Iterator[list[Line]]:
    """Lines in groups of what is there already: full batches from files, no waiting in a dialogue."""
    if at_once == 1:
        for line in _lines(stream):
            yield [line]
        return
    waiting: queue.Queue[Line | None] = queue.Queue(at_once)

    def fill() -> None:
        for line in _lines(stream):
            waiting.put(line)
        waiting.put(None)

    threading.Thread(target=fill, daemon=True).start()
    more = True
    while more:
        group: list[Line] = []
        newest = waiting.get()
        while newest is not None:
            group.append(newest)
            if len(group) == at_once:
                break
            try:
                newest = waiting.get(timeout=GATHER_S)
            except queue.Empty:
                break
        more = newest is not None
        if group:
            yield group


def _lines(stream: IO[bytes]) -> Iterator[Line]:
    """Numbered lines that are not blank; None for one that is too long to keep."""
    number = 0
    while raw := stream.readline(MAX_LINE):
        number += 1
        if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(MAX_LINE)
            yield number, None
        elif raw.strip():
            yield number, raw


class Output:
    """Standard output for JSON lines; whatever a library prints meanwhile goes to standard error."""

    def __enter__(self) -> Output:
        self._out, sys.stdout = sys.stdout, sys.stderr
        return self

    def __exit__(self, *_exc: object) -> None:
        sys.stdout = self._out

    def write(self, fields: dict[str, Any]) -> None:
        """Write one answer and let it go at once."""
        line = json.dumps(fields, ensure_ascii=False, allow_nan=False)
        self._out.buffer.write(line.encode("utf-8", "replace") + b"\n")
        self._out.buffer.flush()
