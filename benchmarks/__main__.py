"""Every benchmark in its short form, one after the other: `python -m benchmarks [NAME ...]`.

Those that measure on evaluation data take it from INGEST_EVAL_DATA and are left out without it. Each has a longer form
and options of its own: `python benchmarks/NAME.py --help`.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def plans(out: Path) -> dict[str, list[str] | None]:
    """The arguments of each benchmark's short form; None where what it needs is not here."""
    data = os.environ.get("INGEST_EVAL_DATA")
    torch = importlib.util.find_spec("torch") is not None
    return {
        "detect": ["--data", data] if data else None,
        "clean": [f"{data}/boilerplate", "--pages", "30"] if data else None,
        "translate": ["--json"] if torch else ["--json", "--no-reference"],
        "dedup": [str(out / "dedup"), "--window", "10000", "--archive", "20000"],
        "web_scale": ["--articles", "10000"],
        "consumers": ["--articles", "10000", "--times", "40"],
        "month": ["--feeds", "60", "--days", "6", "--out", str(out / "month.png")],
        "chaos": ["--minutes", "1"],
        "idle": ["--minutes", "2"],
    }


def main() -> int:
    """Run those named on the command line, else all; 1 where one failed."""
    out = Path(tempfile.mkdtemp(prefix="newsfold-benchmarks-"))
    known = plans(out)
    failed = 0
    for name in sys.argv[1:] or known:
        if name not in known:
            print(f"{name}: no such benchmark; there are {', '.join(known)}", file=sys.stderr)
            return 2
        arguments = known[name]
        if arguments is None:
            print(f"\n== {name}: left out, INGEST_EVAL_DATA names no data", flush=True)
            continue
        print(f"\n== {name} {' '.join(arguments)}", flush=True)
        failed += subprocess.call([sys.executable, "-m", f"benchmarks.{name}", *arguments], cwd=HERE.parent) != 0
    print(f"\nFiles are in {out}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
