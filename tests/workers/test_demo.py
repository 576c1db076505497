"""`make demo` as a stranger runs it: an empty home, no settings, Celery and Valkey for real."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

INGEST = Path(sys.executable).parent / "ingest"


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INGEST_", "XDG_"))}
    return kept | {"HOME": str(home), "COLUMNS": "160"}


def test_demo_takes_the_five_through_everything_and_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [INGEST, "demo", "--exit"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"│ (00\d) +│ (\w+)", done.stdout)
    assert rows == [(f"00{number}", "done") for number in range(5)]


@pytest.mark.slow
def test_demo_serves_until_ctrl_c_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [INGEST, "demo"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = next((found[0] for line in process.stdout if (found := re.search(r"http://\S+", line))), None)
            assert url is not None
            with urllib.request.urlopen(url + "/healthz", timeout=10) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    time.sleep(1)
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in listed
