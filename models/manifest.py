"""Which models there are, which of them translates a language, and what their files must hash to.

Two sources, read as one: `builtin/manifest.toml` (what ships, and which checkpoints may be fetched at which revision)
and `models/lock.json` in the data directory (what was fetched, with every sha256 seen at the first fetch, and which
model a person chose for a language). A language without an installed model has no route; that is an answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

BUILTIN = Path(__file__).parent / "builtin"
LOCK = Path("models") / "lock.json"


class ModelError(Exception):
    """A model is missing, damaged or not what was asked for; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One model: what it is, where it is, and the sha256 of each of its files."""

    name: str
    revision: str  # of the source; "" where the first fetch is to find and pin it
    languages: tuple[str, ...]  # ISO 639-1 codes it translates into English
    licence: str
    source: str  # where the weights come from: a hub repository, a folder, or our own training
    directory: Path | None = None  # of the converted model; None: named in the manifest, not fetched
    files: tuple[tuple[str, str], ...] = ()  # (file name, sha256) of the converted model
    builtin: bool = False

    @property
    def id(self) -> str:
        """name@revision, as it is written beside every sentence."""
        return f"{self.name}@{self.revision}" if self.revision else self.name

    def verify(self) -> None:
        """Raise ModelError unless every file is there with its sha256."""
        if self.directory is None:
            raise ModelError(f"{self.id}: not fetched; `ingest models fetch {self.name}` gets it")
        for name, expected in self.files:
            path = self.directory / name
            if not path.is_file():
                raise ModelError(f"{self.id}: {path} is missing; {self._remedy}")
            if (found := sha256(path)) != expected:
                raise ModelError(
                    f"{self.id}: {path} is damaged: sha256 {expected[:12]}… expected, got {found[:12]}…; {self._remedy}"
                )

    @property
    def _remedy(self) -> str:
        if self.builtin:
            return "install the package again"
        return f"`ingest models remove {self.name}`, then fetch it again"


@dataclass(frozen=True, slots=True)
class Lock:
    """What the data directory holds: fetched checkpoints, the files they came from, and chosen routes."""

    checkpoints: tuple[Checkpoint, ...] = ()
    originals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # id -> file -> sha256 as fetched
    routes: Mapping[str, str] = field(default_factory=dict)  # language -> name of the checkpoint chosen for it


@dataclass(frozen=True, slots=True)
class Manifest:
    """All checkpoints, installed or only named, and the route of each language."""

    checkpoints: tuple[Checkpoint, ...]
    routes: Mapping[str, Checkpoint]

    def find(self, name: str) -> Checkpoint:
        """The checkpoint of that name, or of that name@revision; installed ones first."""
        matching = [c for c in self.checkpoints if name in (c.name, c.id)]
        if not matching:
            known = ", ".join(sorted({c.name for c in self.checkpoints}))
            raise ModelError(f"{name}: no such model in the manifest; there are {known}")
        return min(matching, key=lambda c: c.directory is None)

    def only(self, name: str) -> Manifest:
        """The same manifest with every language of one installed checkpoint routed to it, and no others."""
        chosen = self.find(name)
        chosen.verify()
        return Manifest(self.checkpoints, dict.fromkeys(chosen.languages, chosen))


def read(builtin: Path = BUILTIN, data_dir: Path | None = None) -> Manifest:
    """The built-in manifest together with what the data directory holds.

    A chosen route wins; then a fetched model (somebody asked for it); then the built-in one.
    """
    shipped = read_toml(builtin / "manifest.toml")
    lock = read_lock(data_dir) if data_dir is not None else Lock()
    fetched_names = {c.name for c in lock.checkpoints}
    named = tuple(c for c in shipped if c.directory is not None or c.name not in fetched_names)
    checkpoints = (*lock.checkpoints, *named)
    routes: dict[str, Checkpoint] = {}
    for checkpoint in checkpoints:
        if checkpoint.directory is not None:
            for lang in checkpoint.languages:
                routes.setdefault(lang, checkpoint)
    for lang, name in lock.routes.items():
        chosen = next((c for c in checkpoints if c.name == name and c.directory is not None), None)
        if chosen is not None:
            routes[lang] = chosen
    return Manifest(checkpoints, routes)


def read_toml(path: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints of a manifest file: `[[model]]` entries ship beside it, `[[fetchable]]` ones are only named."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path}: expected a readable manifest: {error}") from None
    found = [_shipped(entry, path) for entry in content.get("model", ())]
    found += [_checkpoint(entry, path) for entry in content.get("fetchable", ())]
    return tuple(found)


def _shipped(entry: Mapping[str, Any], path: Path) -> Checkpoint:
    folder = path.parent / str(entry.get("directory", "."))
    return _checkpoint(entry, path, directory=folder, builtin=True)


def _checkpoint(
    entry: Mapping[str, Any], path: Path, directory: Path | None = None, builtin: bool = False
) -> Checkpoint:
    try:
        return Checkpoint(
            name=str(entry["name"]),
            revision=str(entry.get("revision", "")),
            languages=tuple(str(lang) for lang in entry["languages"]),
            licence=str(entry["licence"]),
            source=str(entry["source"]),
            directory=directory,
            files=tuple(sorted((str(k), str(v)) for k, v in dict(entry.get("files", {})).items())),
            builtin=builtin,
        )
    except KeyError as error:
        raise ModelError(f"{path}: model {entry.get('name', '?')}: expected the key {error}, got none") from None


def read_lock(data_dir: Path) -> Lock:
    """What was fetched into a data directory; an empty lock where nothing was."""
    path = data_dir / LOCK
    if not path.is_file():
        return Lock()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = content["checkpoints"]
        checkpoints = tuple(_checkpoint(e, path, directory=path.parent / e["directory"]) for e in entries)
        return Lock(checkpoints, content["originals"], content["routes"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: expected a lock file written by `ingest models fetch`: {error!r}") from None


def write_lock(data_dir: Path, lock: Lock) -> None:
    """Write the lock file whole or not at all."""
    path = data_dir / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = []
    for checkpoint in lock.checkpoints:
        assert checkpoint.directory is not None
        entry = asdict(checkpoint) | {"files": dict(checkpoint.files)}
        entry["directory"] = checkpoint.directory.relative_to(path.parent).as_posix()
        entries.append(entry)
    content = {"checkpoints": entries, "originals": lock.originals, "routes": lock.routes}
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
