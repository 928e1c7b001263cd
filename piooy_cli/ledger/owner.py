"""Which process is sending, so that a later one can tell whether it still lives."""

import os
import socket
from pathlib import Path


def this_process() -> str:
    """Host, number and start of this process: numbers are given again, starts are not."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_alive(owner: str) -> bool:
    """Whether that process lives. One on another machine cannot be asked, and counts as living."""
    host, number, start = owner.rsplit(":", 2) if owner.count(":") >= 2 else ("", "0", "")
    if not host:
        return False
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError):
        return True
    return _start_of(int(number)) == start


def _start_of(number: int) -> str:
    """When it started, in the kernel's ticks; empty where that cannot be known."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]
