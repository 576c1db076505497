"""The deployment is valid and true, told without a container engine: compose file, image, secrets."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ingest.cli import COMMANDS
from ingest.cli.lazy import load_command
from ingest.settings import Settings, load
from ingest.types import Stage

ROOT = Path(__file__).parent.parent
SCHEMA = (
    ROOT / "tests" / "data" / "compose-spec.json"
)  # of the Compose Specification, as PyPI's check-jsonschema has it
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
LASTING = [name for name in SERVICES if name != "migrate"]
SECONDS = {"s": 1, "m": 60}


def seconds(duration: str) -> int:
    """Compose durations as we write them: 90s, 2m."""
    return int(duration[:-1]) * SECONDS[duration[-1]]


def test_compose_file_follows_the_specification() -> None:
    jsonschema.validate(COMPOSE, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_a_misspelt_key_would_be_found() -> None:
    wrong = COMPOSE | {"services": {"web": SERVICES["web"] | {"stop_grace": "90s"}}}
    with pytest.raises(jsonschema.ValidationError, match="stop_grace"):
        jsonschema.validate(wrong, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_there_is_a_service_for_each_part() -> None:
    assert set(SERVICES) == {"db", "redis", "migrate", "web", "beat", "fetch-extract", "translate", "cluster"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists_and_takes_its_options(name: str) -> None:
    program, command, *arguments = SERVICES[name]["command"]
    assert program == "ingest"
    module, attribute, _ = COMMANDS[command]
    parsed = load_command(f"ingest.cli.{module}", attribute, command).make_context(command, list(arguments))
    assert parsed.info_name == command


@pytest.mark.parametrize("name", [name for name in OURS if "ingest" in SERVICES[name]["healthcheck"].get("test", ())])
def test_every_health_check_runs_a_command_that_exists(name: str) -> None:
    _, _, command, *arguments = SERVICES[name]["healthcheck"]["test"]
    module, attribute, _ = COMMANDS[command]
    assert load_command(f"ingest.cli.{module}", attribute, command).make_context(command, list(arguments))


def test_each_queue_has_one_kind_of_worker_and_translation_its_own() -> None:
    served = {
        name: [
            value
            for option, value in zip(service["command"], service["command"][1:], strict=False)
            if option == "--queue"
        ]
        for name, service in SERVICES.items()
        if name in OURS
    }
    assert sorted(queue for queues in served.values() for queue in queues) == sorted(map(str, Stage))
    assert served["translate"] == ["translate"]


def test_only_the_web_opens_a_port() -> None:
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["web"]
    assert not [name for name, service in SERVICES.items() if service.get("network_mode") == "host"]


def test_database_and_broker_stand_on_a_network_without_a_way_out() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    outside = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert outside == {"web", "beat", "fetch-extract"}, "a port, subscribers, sites"


def test_secrets_come_by_file_and_none_stands_in_the_environment() -> None:
    for service in SERVICES.values():
        mounted = set(service.get("secrets", ()))
        assert mounted <= set(COMPOSE["secrets"])
        for name, value in service.get("environment", {}).items():
            if name.endswith("_FILE"):
                assert Path(value).name in mounted
            else:
                assert not re.search("password|secret|token|_url", name, re.IGNORECASE)
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


def test_settings_in_the_environment_exist(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("redis://:x@redis:6379/0\n", encoding="utf-8")
    for name in OURS:
        environment = SERVICES[name]["environment"]
        given = {key: str(secret) if key.endswith("_FILE") else value for key, value in environment.items()}
        assert isinstance(load(given), Settings)


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_is_checked_and_restarted(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert seconds(check["timeout"]) <= seconds(check["interval"])
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_may_end_its_work_and_has_limits(name: str) -> None:
    assert seconds(SERVICES[name]["stop_grace_period"]) >= 90
    assert {"cpus", "memory"} <= set(SERVICES[name]["deploy"]["resources"]["limits"])


@pytest.mark.parametrize(
    ("name", "field"), [("fetch-extract", "lease_s"), ("cluster", "lease_s"), ("translate", "translate_lease_s")]
)
def test_workers_may_finish_what_they_hold_a_lease_of(name: str, field: str) -> None:
    assert seconds(SERVICES[name]["stop_grace_period"]) > Settings.model_fields[field].default


def test_nothing_starts_before_the_tables_are_there() -> None:
    for name in set(OURS) - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"


def test_what_must_last_lies_in_named_volumes() -> None:
    mounts = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    assert mounts == set(COMPOSE["volumes"]) == {"database", "broker", "data"}


def test_broker_never_evicts_messages() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_hold_no_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]


def test_images_are_pinned_to_a_version() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert all(re.search(r":(\d|local)", image) for image in images), images


def test_image_runs_as_its_own_user_and_copies_what_exists() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["newsfold"]
    copied = [
        path for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE) for path in line.split()[:-1]
    ]
    assert copied
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for path in copied:
        assert (ROOT / path).exists(), path
        assert f"!{path}" in ignored, f"{path} does not reach the builder"


def test_secrets_script_makes_every_file_and_keeps_what_is_there(tmp_path: Path) -> None:
    script = tmp_path / "docker" / "make-secrets"
    script.parent.mkdir()
    shutil.copy(ROOT / "docker" / "make-secrets", script)
    files = [tmp_path / secret["file"] for secret in COMPOSE["secrets"].values()]
    subprocess.run([script], check=True, capture_output=True)
    first = [file.read_bytes() for file in files]
    subprocess.run([script], check=True, capture_output=True)
    assert [file.read_bytes() for file in files] == first
    assert files[0].parent.stat().st_mode & 0o077 == 0
    made = load({"INGEST_DATABASE_URL_FILE": str(tmp_path / "docker" / "secrets" / "database_url")})
    assert made.sqlalchemy_url.endswith(f":{(files[0].parent / 'database_password').read_text()}@db:5432/newsfold")
