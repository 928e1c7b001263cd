"""The identity of a sending process, so that a later one can tell whether it is alive."""

import os
import socket
from pathlib import Path


def this_machine() -> str:
    """Return this machine's name, as in every owner."""
    return socket.gethostname().replace(":", "-")


def this_process() -> str:
    """Return machine, id and start time of this process: ids are reused, start times are not."""
    return f"{this_machine()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_elsewhere(owner: str) -> bool:
    """Whether the owner is on another machine, and so cannot be checked."""
    return owner.split(":")[0] not in ("", this_machine())


def is_alive(owner: str) -> bool:
    """Whether the process is alive. One on another machine counts as alive."""
    if is_elsewhere(owner):
        return True
    _, number, start = owner.split(":") if owner.count(":") == 2 else ("", "0", "")
    try:
        os.kill(int(number) or 2**30, 0)
    except PermissionError:
        pass  # another user's process, which may have been given the id since
    except (OSError, ValueError):
        return False
    return _start_of(int(number)) == start


def _start_of(number: int) -> str:
    """Return when a process started, in the kernel's ticks; empty if unknown."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]
