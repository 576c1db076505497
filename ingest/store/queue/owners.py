"""Who holds a lease: a name for this process that another one on the same machine can check.

A worker that was killed cannot give its lease back. Another machine has to wait until the lease is over; a process on
the same machine can see at once that the holder is gone. The name carries the host, the process id, the namespace
that id counts in (containers share host names, not process ids) and the time the process began (ids are given again).
"""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_process() -> str:
    """The name under which this process holds leases: host/namespace:pid:start."""
    pid = os.getpid()
    return f"{_place()}:{pid}:{_began(pid) or 0}"


def is_gone(owner: str | None) -> bool:
    """Whether the holder surely no longer runs; False where it cannot be told from here."""
    if owner is None or not owner.startswith(_place() + ":"):
        return False
    try:
        pid, began = (int(part) for part in owner.rsplit(":", 2)[1:])
    except ValueError:
        return False
    if began == 0:
        return False
    return _began(pid) != began


def _place() -> str:
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        namespace = "0"
    return f"{socket.gethostname()}/{namespace}"


def _began(pid: int) -> int | None:
    """When a process began, in clock ticks since boot; None where it does not run or there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name in parentheses may hold anything
    return None if fields[0] in "ZX" else int(fields[19])  # a zombie does no work
