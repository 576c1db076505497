"""Where things are and how much is allowed: one frozen class, read once at a process's start, passed down as values.

Sources, the first that says something wins: environment (`INGEST_PORT=9000`), a secret file
(`INGEST_DATABASE_URL_FILE=/run/secrets/db`), a TOML file (`INGEST_CONFIG`, else `newsfold.toml` in the working
folder), the default. A name that does not exist is an error, in the environment and in the file alike: a typo must
not pass for a setting. What an *algorithm* is (permutations, thresholds) is not a setting: it stands as a constant
with its calibration beside the code.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ingest.errors import Misconfigured

PREFIX = "INGEST_"
NOT_SETTINGS = frozenset({"INGEST_CONFIG", "INGEST_EVAL_DATA", "INGEST_TEST_POSTGRESQL", "INGEST_CRASH_AT"})
"""Names with our prefix that are read elsewhere: the file's place, and what only tests and measuring need."""


class Settings(BaseModel):
    """Everything a deployment may choose; each with its default, unit and a sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data_dir: Path = Field(
        default_factory=lambda: default_data_dir(),
        description="Folder of the database, the embedded broker and fetched models.",
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL; unset: SQLite in data_dir. PostgreSQL: postgresql+psycopg://…"
    )
    broker_url: SecretStr | None = Field(
        None, description="Redis protocol URL of a server; unset: `ingest up` starts an embedded Valkey."
    )
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(
        8765,
        ge=0,
        le=65535,
        description="Port of the web server; the next free one is taken where it is in use.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+$",
        description="Address under which browsers and consumers reach us, without a path; unset: as the request says.",
    )
    open_console: bool = Field(
        False, description="Console and API without log-in; only where `host` is a loopback address."
    )
    rate_per_minute: int = Field(1200, ge=1, description="Requests a minute that one token or address may make to /v1.")

    websub_hub: str | None = Field(
        None, pattern=r"^https?://[^\s]+$", description="Hub that our feeds out name (WebSub); unset: none."
    )

    user_agent: str = Field(
        "Newsfold/0.1 (+https://example.org/newsfold; polite feed reader)",
        description="User-Agent of every request; put a contact in it.",
    )
    allow_private_hosts: tuple[str, ...] = Field(
        (),
        description="Host names or host:port that may resolve to private addresses (feeds inside your own network).",
    )
    fetch_deadline_s: float = Field(30.0, gt=0, description="Seconds a whole request may take, redirects included.")
    max_feed_bytes: int = Field(10_000_000, gt=0, description="Bytes of a feed after decompression.")
    max_page_bytes: int = Field(
        5_000_000, gt=0, description="Bytes of a page or text, from a site or a file, after decompression."
    )
    poll_min_s: int = Field(300, ge=1, description="Seconds between two polls of one feed, at least.")
    poll_max_s: int = Field(86_400, ge=60, description="Seconds between two polls of one feed, at most.")
    host_gap_s: float = Field(5.0, ge=0, description="Seconds between two requests to one registered domain.")

    lease_s: int = Field(
        180,
        ge=2,
        description="Seconds a worker may hold a document at fetch, extract and cluster before another takes over.",
    )
    translate_lease_s: int = Field(300, ge=2, description="The same for translation; renewed while it works.")
    max_attempts: int = Field(3, ge=1, description="Attempts at one stage before a document is quarantined.")
    reconcile_s: float = Field(
        30.0, ge=0.5, description="Seconds between two runs of the reconciler that re-queues what is stuck."
    )
    reping_s: float = Field(
        300.0, ge=1, description="Seconds after which a queued document that nobody took is announced again."
    )
    watermark: int = Field(200, ge=1, description="Messages at most per queue in the broker; the rest waits in SQL.")

    workers: int = Field(2, ge=1, description="Processes that fetch and extract in the embedded mode.")
    translate_threads: int = Field(2, ge=1, description="Threads of the one translating process.")
    device: str = Field("auto", pattern="^(auto|cpu|cuda)$", description="Where models run: auto, cpu or cuda.")
    compute_type: str = Field("default", description="CTranslate2 compute type; default: as converted (int8).")
    translate_batch: int = Field(16, ge=1, description="Documents the translate worker claims at once.")
    memory_days: int = Field(365, ge=1, description="Days an unused sentence stays in the translation memory.")
    memory_rows: int = Field(5_000_000, ge=1000, description="Sentences the translation memory holds at most.")

    dump_dir: Path | None = Field(
        None, description="Folder that gets a dump of all articles each day, in a folder of its day; unset: none."
    )
    dump_days: int = Field(7, ge=1, description="Days that the scheduled dumps are kept; the newest one always is.")

    trail_days: int = Field(90, ge=1, description="Days that ended documents' trails and polls of feeds are kept.")

    window_days: int = Field(14, ge=1, description="Days back in which near-duplicates are looked for.")
    index_memory_mb: int = Field(
        500,
        ge=0,
        description="Memory a process that clusters may hold the window's index in, and the vectors of "
        "related_encoder; 1 MB holds 900 texts, 650 with vectors. What has no room is read from the database: the same "
        "answers, later.",
    )
    related_encoder: Path | None = Field(
        None,
        description="Folder of a sentence encoder, all-MiniLM-L6-v2 converted for CTranslate2, that finds more of what "
        "is related; nothing is downloaded. Unset: words alone.",
    )
    detector: str = Field("builtin", description="Language identifier: builtin, or module:attribute of another.")

    log_format: str = Field("pretty", pattern="^(pretty|json)$", description="Log lines: pretty or json.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least severity that is logged.")

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL with its secrets, the default filled in."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'newsfold.sqlite'}"


def default_data_dir() -> Path:
    """`$XDG_DATA_HOME/newsfold`, else `~/.local/share/newsfold`, else `./var` where there is no home."""
    if xdg := os.environ.get("XDG_DATA_HOME"):
        return Path(xdg) / "newsfold"
    try:
        return Path.home() / ".local" / "share" / "newsfold"
    except RuntimeError:
        return Path("var").absolute()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; Misconfigured names every setting that is wrong and what was expected."""
    return load_with_sources(environ)[0]


def load_with_sources(environ: Mapping[str, str] | None = None) -> tuple[Settings, dict[str, str]]:
    """The settings, and for each name where its value came from."""
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    sources = dict.fromkeys(Settings.model_fields, "default")
    for origin, found in ((_file_name(env), _from_file(env)), ("environment", _from_environment(env))):
        values |= found
        sources |= dict.fromkeys(found, str(origin))
    try:
        return Settings(**values), sources
    except ValidationError as error:
        lines = [
            f"{item['loc'][0] if item['loc'] else 'settings'}: {item['msg'].lower()}, got {item['input']!r}"
            if "url" not in str(item["loc"])
            else f"{item['loc'][0]}: {item['msg'].lower()}"
            for item in error.errors()
        ]
        raise Misconfigured("settings: " + "; ".join(lines)) from None


def _file_name(env: Mapping[str, str]) -> Path | None:
    if named := env.get("INGEST_CONFIG"):
        return Path(named)
    local = Path("newsfold.toml")
    return local if local.is_file() else None


def _from_file(env: Mapping[str, str]) -> dict[str, Any]:
    path = _file_name(env)
    if path is None:
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(f"{path}: expected a TOML file of settings: {error}") from None
    unknown = sorted(set(found) - set(Settings.model_fields))
    if unknown:
        raise Misconfigured(f"{path}: no such setting: {', '.join(unknown)}; `ingest config` lists them all")
    return found


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in env.items():
        if not name.startswith(PREFIX) or name in NOT_SETTINGS or not value:  # empty counts as unset
            continue
        field = name.removeprefix(PREFIX).lower()
        if field.endswith("_file") and field.removesuffix("_file") in Settings.model_fields:
            found[field.removesuffix("_file")] = _secret(name, value)
        elif field in Settings.model_fields:
            found[field] = tuple(value.replace(",", " ").split()) if field == "allow_private_hosts" else value
        else:
            raise Misconfigured(f"{name}: no such setting; `ingest config` lists them all")
    return found


def _secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"{name}: expected a readable file: {error}") from None
