"""The settings this process and those it forks work by."""

from __future__ import annotations

from functools import cache

from ingest.settings import Settings, load

_given: Settings | None = None


def use(given: Settings) -> None:
    """Work by these settings instead of the environment's."""
    global _given
    _given = given


def settings() -> Settings:
    """Those that were given, else those of the environment, read once."""
    return _of_environment() if _given is None else _given


@cache
def _of_environment() -> Settings:
    return load()
