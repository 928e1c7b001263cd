"""Which process is sending, so that a later one can tell whether it still lives."""

import os
import socket
from pathlib import Path


def this_machine() -> str:
    """Its name, as in every owner."""
    return socket.gethostname().replace(":", "-")


def this_process() -> str:
    """Machine, number and start of this process: numbers are given again, starts are not."""
    return f"{this_machine()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_elsewhere(owner: str) -> bool:
    """Whether it is on another machine, where nobody here can ask."""
    return owner.split(":")[0] not in ("", this_machine())


def is_alive(owner: str) -> bool:
    """Whether that process lives. One on another machine cannot be asked, and counts as living."""
    if is_elsewhere(owner):
        return True
    _, number, start = owner.split(":") if owner.count(":") == 2 else ("", "0", "")
    try:
        os.kill(int(number) or 2**30, 0)
    except PermissionError:
        pass  # somebody else's, who may have been given the number since
    except (OSError, ValueError):
        return False
    return _start_of(int(number)) == start


def _start_of(number: int) -> str:
    """When it started, in the kernel's ticks; empty where that cannot be known."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]
