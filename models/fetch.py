"""Checkpoints come from the hub or a folder, once: checked, converted to int8, written into the lock file.

Nothing here runs inside a task: models are fetched by a person's command, and everything is off-line afterwards.
A first fetch pins the revision and the sha256 of every file it saw; a later fetch of the same revision must bring the
same bytes.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from models.convert import convert
from models.manifest import BUILTIN, LOCK, Checkpoint, Lock, Manifest, ModelError, read, read_lock, sha256, write_lock

TEXT_FILES = ("config.json", "vocab.json", "source.spm", "target.spm")
OPTIONAL_FILES = ("target_vocab.json", "tokenizer_config.json", "generation_config.json")
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The first that is there is taken: safetensors holds numbers only, a `.bin` is a pickle and needs care."""


def fetch(
    name: str,
    data_dir: Path,
    *,
    folder: Path | None = None,
    languages: Sequence[str] = (),
    builtin: Path = BUILTIN,
    endpoint: str | None = None,
) -> Checkpoint:
    """The checkpoint, fetched, converted and routed for its languages; ModelError says what was wrong.

    name: as in the manifest, or any name with `folder`. folder: a local Hugging Face layout in place of the hub.
    languages: what it translates, where the manifest does not say. endpoint: of another hub; None: huggingface.co or
    HF_ENDPOINT.
    """
    entry = _entry(name, read(builtin, data_dir), folder, tuple(languages))
    with _exclusive(data_dir), tempfile.TemporaryDirectory(prefix=".fetch-", dir=data_dir / LOCK.parent) as scratch:
        original, converted = Path(scratch) / "original", Path(scratch) / "converted"
        if folder is not None:
            entry = _copy(entry, folder, original)
        else:
            entry = _download(entry, original, endpoint)
        lock = read_lock(data_dir)
        seen = {path.name: sha256(path) for path in sorted(original.iterdir()) if path.is_file()}
        _check_pinned(entry, seen, lock)
        convert(original, converted)
        return _register(entry, converted, seen, lock, data_dir)


def remove(name: str, data_dir: Path) -> Checkpoint:
    """Delete a fetched model; its languages go back to the next model that has them, its pins stay."""
    with _exclusive(data_dir):
        lock = read_lock(data_dir)
        gone = next((c for c in lock.checkpoints if name in (c.name, c.id)), None)
        if gone is None:
            raise ModelError(f"{name}: not fetched, so there is nothing to remove; `ingest models list` shows what is")
        kept = tuple(c for c in lock.checkpoints if c != gone)
        routes = {lang: chosen for lang, chosen in lock.routes.items() if chosen != gone.name}
        write_lock(data_dir, Lock(kept, lock.originals, routes))
        assert gone.directory is not None
        shutil.rmtree(gone.directory, ignore_errors=True)
        return gone


def use(name: str, data_dir: Path, *, languages: Sequence[str] = (), builtin: Path = BUILTIN) -> tuple[str, ...]:
    """Route these languages (all the model has, where none is named) to an installed model; returns them."""
    with _exclusive(data_dir):
        chosen = read(builtin, data_dir).find(name)
        chosen.verify()
        wanted = tuple(languages) or chosen.languages
        if unknown := [lang for lang in wanted if lang not in chosen.languages]:
            has = ", ".join(chosen.languages)
            raise ModelError(f"{chosen.id}: expected languages among {has}, got {', '.join(unknown)}")
        lock = read_lock(data_dir)
        write_lock(
            data_dir, Lock(lock.checkpoints, lock.originals, {**lock.routes, **dict.fromkeys(wanted, chosen.name)})
        )
        return wanted


def _entry(name: str, manifest: Manifest, folder: Path | None, languages: tuple[str, ...]) -> Checkpoint:
    """What is to be fetched: the manifest's entry, or one made for a local folder."""
    named = next((c for c in manifest.checkpoints if c.name == name), None)
    if named is not None and named.builtin:
        raise ModelError(f"{name}: ships with the package, there is nothing to fetch")
    if named is not None:
        return replace(named, languages=languages or named.languages, directory=None, files=())
    guessed = re.search(r"opus-mt(?:-tc-\w+)?-([a-z]{2})-en$", name)
    languages = languages or ((guessed.group(1),) if guessed else ())
    if not languages:
        raise ModelError(f"{name}: expected the languages it translates, got none; name them with --lang")
    licence = "not stated" if folder is not None else "see the repository"
    return Checkpoint(name, "", languages, licence, str(folder or f"https://huggingface.co/{name}"))


def _copy(entry: Checkpoint, folder: Path, target: Path) -> Checkpoint:
    """Take the files from a folder; the revision is what they hash to."""
    if not folder.is_dir():
        raise ModelError(f"{folder}: expected a folder in Hugging Face layout, got none")
    if missing := [name for name in TEXT_FILES if not (folder / name).is_file()]:
        raise ModelError(f"{folder}: expected {', '.join(TEXT_FILES)}; {', '.join(missing)} missing")
    weights = next((name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise ModelError(f"{folder}: expected {' or '.join(WEIGHTS)}, got neither")
    target.mkdir(parents=True)
    for name in (*TEXT_FILES, *OPTIONAL_FILES, weights):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, target / name)
    return replace(entry, revision=f"sha256-{sha256(target / weights)[:12]}", source=str(folder.resolve()))


def _download(entry: Checkpoint, target: Path, endpoint: str | None) -> Checkpoint:
    """Take the files from the hub at the pinned revision, or pin the one that is current."""
    from huggingface_hub import HfApi, hf_hub_download

    try:
        info = HfApi(endpoint=endpoint).model_info(entry.name, revision=entry.revision or None)
        there = {file.rfilename for file in info.siblings or ()}
        if missing := [name for name in TEXT_FILES if name not in there]:
            raise ModelError(f"{entry.name}: expected a MarianMT repository, {', '.join(missing)} missing")
        weights = next((name for name in WEIGHTS if name in there), None)
        if weights is None:
            raise ModelError(f"{entry.name}: expected {' or '.join(WEIGHTS)} in the repository, got neither")
        if not info.sha:
            raise ModelError(f"{entry.name}: the hub names no revision")
        for name in (*TEXT_FILES, *(name for name in OPTIONAL_FILES if name in there), weights):
            hf_hub_download(entry.name, name, revision=info.sha, local_dir=target, endpoint=endpoint)
    except ModelError:
        raise
    except Exception as error:  # what the hub's client raises depends on its HTTP library, which changes by release
        raise ModelError(
            f"{entry.name}: the hub could not be reached or refused: {_first_line(error)}; "
            f"`ingest models fetch {entry.name} --from DIR` takes a copy you have"
        ) from error
    if entry.revision and info.sha != entry.revision:
        raise ModelError(f"{entry.name}: revision {entry.revision} expected, the hub answered {info.sha}")
    shutil.rmtree(target / ".cache", ignore_errors=True)
    return replace(entry, revision=info.sha)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]


def _check_pinned(entry: Checkpoint, seen: dict[str, str], lock: Lock) -> None:
    """Raise ModelError where a file differs from what the first fetch of this revision saw."""
    pinned = lock.originals.get(entry.id, {})
    changed = [name for name, digest in seen.items() if pinned.get(name, digest) != digest]
    if changed:
        raise ModelError(
            f"{entry.id}: {', '.join(changed)} not as at the first fetch (sha256 differs); a revision does not change, "
            "so somebody changed the files"
        )


def _register(entry: Checkpoint, converted: Path, seen: dict[str, str], lock: Lock, data_dir: Path) -> Checkpoint:
    """Move the converted model to its place and write it into the lock file."""
    place = data_dir / LOCK.parent / re.sub(r"[^\w.-]+", "--", entry.name) / entry.revision
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    files = tuple(sorted((path.name, sha256(path)) for path in converted.iterdir()))
    converted.rename(place)
    done = replace(entry, directory=place, files=files)
    others = tuple(c for c in lock.checkpoints if c.name != entry.name)
    routes = {lang: name for lang, name in lock.routes.items() if lang not in entry.languages}
    write_lock(data_dir, Lock((done, *others), {**lock.originals, entry.id: seen}, routes))
    return done


@contextmanager
def _exclusive(data_dir: Path) -> Iterator[None]:
    """One command at a time changes the models of a data directory."""
    folder = data_dir / LOCK.parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".guard").open("w") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ModelError(
                f"{folder}: another `ingest models` command is at work; try again when it is done"
            ) from None
        yield
