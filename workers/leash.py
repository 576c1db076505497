"""Children that end when their parent ends, even if that is killed."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded before any fork: a child must not load it


def on_leash(signal: int) -> Callable[[], None]:
    """What a child has to call first: it gets `signal` when its parent dies. Linux only; elsewhere it does nothing."""
    parent = os.getpid()

    def leash() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the leash was on
            os._exit(1)

    return leash


def rename(name: str) -> None:
    """Show this process under a name of its own in `ps` and `top`, 15 characters at most."""
    if _libc is not None:
        _libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
