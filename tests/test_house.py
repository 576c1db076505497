"""The house stands as it says: layers, commands, settings, documents."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import COMMANDS, app
from ingest.cli.evaluation import MEASURES
from ingest.errors import Misconfigured
from ingest.settings import Settings, load, load_with_sources

ROOT = Path(__file__).parent.parent
PACKAGES = ("ingest", "models", "workers")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [command, "--config", root / "pyproject.toml", "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_only_point_downward() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("ingest/types.py", "import ingest.store.schema"),
        ("ingest/dedup/normalize.py", "import ingest.language"),
        ("ingest/pipeline/extract.py", "import models.marian"),
        ("models/manifest.py", "import ingest.types"),
        ("ingest/store/queue/units.py", "import celery"),
    ],
)
def test_an_import_upward_fails_the_check(tmp_path: Path, file: str, line: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("builtin", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    wrong = tmp_path / file
    wrong.write_text(wrong.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    assert lint_imports(tmp_path).returncode == 1


def test_only_the_workers_import_celery() -> None:
    for package in ("ingest", "models"):
        for path in (ROOT / package).rglob("*.py"):
            assert not re.search(r"^\s*(?:import|from) (?:celery|kombu)", path.read_text(encoding="utf-8"), re.M), path


def test_no_module_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "common", "misc", "manager", "handlers", "base"}
    named = {path.stem for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert not named & vague


def test_every_module_says_what_it_is_for() -> None:
    for package in (*PACKAGES, "benchmarks"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if text.strip() and "migrations/versions" not in str(path):
                assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


@pytest.mark.parametrize("command", [[name] for name in COMMANDS] + [["eval", name] for name in MEASURES])
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0, shown.output
    assert "Example" in shown.output or "Commands" in shown.output


def test_every_command_in_the_documents_exists() -> None:
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for name in re.findall(r"`(?:\.venv/bin/)?ingest ([a-z]+)", (ROOT / document).read_text(encoding="utf-8")):
            assert name in COMMANDS, f"{document}: ingest {name}"


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for document in ("README.md", "CONTRIBUTING.md"):
        for name in re.findall(r"`(?:[A-Z_]+=\S+ )?make ([a-z]+)", (ROOT / document).read_text(encoding="utf-8")):
            assert name in targets, f"{document}: make {name}"


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith((".", "…")), name


def test_a_setting_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(Misconfigured, match="INGEST_PROT: no such setting"):
        load({"INGEST_PROT": "9000"})


def test_a_wrong_value_names_the_setting_and_what_came() -> None:
    with pytest.raises(Misconfigured, match=r"port: .*'many'"):
        load({"INGEST_PORT": "many"})


def test_a_secret_may_stand_in_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "db"
    secret.write_text("postgresql://user:hunter2@db/news\n", encoding="utf-8")
    settings, sources = load_with_sources({"INGEST_DATABASE_URL_FILE": str(secret)})
    assert settings.sqlalchemy_url == "postgresql://user:hunter2@db/news"
    assert "hunter2" not in repr(settings)
    assert sources["database_url"] == "environment"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "newsfold.toml"
    config.write_text("port = 9001\nwindow_days = 3\n", encoding="utf-8")
    settings, sources = load_with_sources({"INGEST_CONFIG": str(config), "INGEST_PORT": "9000"})
    assert (settings.port, settings.window_days) == (9000, 3)
    assert (sources["port"], sources["window_days"]) == ("environment", str(config))


def test_a_typo_in_the_file_is_an_error(tmp_path: Path) -> None:
    config = tmp_path / "newsfold.toml"
    config.write_text("prot = 9001\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="no such setting: prot"):
        load({"INGEST_CONFIG": str(config)})
