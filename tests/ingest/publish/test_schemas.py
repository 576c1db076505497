"""What is published about the records, and that it never breaks a consumer."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ingest.publish.schemas import PUBLISHED, breaks, schema

KEPT = Path(__file__).parent / "schemas-v1.json"
"""The schemas as consumers know them. Write it anew with `python -m tests.ingest.publish.test_schemas` after adding."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_schema_only_gains(name: str) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))[name]
    assert list(breaks(kept, schema(name))) == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_schema_is_valid_itself(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


def changed(change: Any) -> list[str]:
    new = copy.deepcopy(schema("article"))
    change(new)
    return list(breaks(schema("article"), new))


def test_losing_changing_or_no_longer_promising_a_field_breaks() -> None:
    assert changed(lambda new: new["properties"].pop("title"))
    assert changed(lambda new: new["required"].remove("title"))
    assert changed(lambda new: new["properties"]["title"].update(type="integer"))
    assert changed(lambda new: new["$defs"]["SpanShape"]["properties"].pop("lang"))
    assert changed(lambda new: new.update(additionalProperties=False))


def test_gaining_a_field_or_wording_breaks_nothing() -> None:
    assert changed(lambda new: new["properties"].update(tone={"type": "string"})) == []
    assert changed(lambda new: new["required"].append("tone")) == []
    assert changed(lambda new: new["properties"]["title"].update(description="other words")) == []


if __name__ == "__main__":
    made = {name: schema(name) for name in PUBLISHED}
    KEPT.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
