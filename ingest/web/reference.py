"""/reference: the description of the interface as a page, made here; it needs no script of somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ingest.store.operators.people import Role
from ingest.web.auth import person
from ingest.web.ui.render import page

router = APIRouter(include_in_schema=False, dependencies=[Depends(person(Role.READER))])


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    text: str
    parameters: tuple[tuple[str, str, str], ...]  # name, where and whether it must be there, what it means
    answers: tuple[tuple[str, str], ...]  # status, what it means
    body: str  # an example of what is sent; "": nothing is
    example: str  # of a good answer; "": it has no body


@router.get("/reference")
def reference(request: Request) -> Response:
    """Every operation with its parameters, its answers and an example."""
    described = request.app.openapi()
    groups: dict[str, list[Operation]] = {}
    for operation, tag in operations(described):
        groups.setdefault(tag, []).append(operation)
    about = [line.removeprefix("* ").replace("**", "") for line in _sentences(described["info"]["description"])]
    return page(request, "reference.html", {"groups": groups, "about": about, "version": described["info"]["version"]})


def operations(described: dict[str, Any]) -> Iterator[tuple[Operation, str]]:
    """Each operation with the word it is listed under."""
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            good: dict[str, Any] = next(
                (answer for status, answer in one["responses"].items() if status.startswith("2")), {}
            )
            made = Operation(
                anchor=one["operationId"],
                method=method.upper(),
                path=path,
                summary=one.get("summary", ""),
                text=one.get("description", ""),
                parameters=tuple(_parameter(each) for each in one.get("parameters", ())),
                answers=tuple((status, answer["description"]) for status, answer in one["responses"].items()),
                body=_example(one.get("requestBody", {}), described),
                example=_example(good, described),
            )
            yield made, (one.get("tags") or ["other"])[0]


def _parameter(each: dict[str, Any]) -> tuple[str, str, str]:
    must = ", required" if each.get("required") else ""
    default = each.get("schema", {}).get("default")
    also = "" if default is None else f" Left out: {str(default).lower()}."
    return each["name"], f"{each['in']}{must}", each.get("description", "") + also


def _example(answer: dict[str, Any], described: dict[str, Any]) -> str:
    for content in answer.get("content", {}).values():
        found = content.get("example")
        if found is None and (ref := content.get("schema", {}).get("$ref")):
            fields = described["components"]["schemas"][ref.rsplit("/", 1)[-1]].get("properties", {})
            found = {name: field["examples"][0] for name, field in fields.items() if field.get("examples")}
        if found:
            return found if isinstance(found, str) else orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()
    return ""


def _sentences(text: str) -> list[str]:
    """The items of a list in Markdown, each on one line."""
    return [" ".join(part.split()) for part in text.replace("\n* ", "\0* ").split("\0") if part.strip()]
