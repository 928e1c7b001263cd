"""Starting other programs, none of which sees the API key."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def run(*command: str, quiet: bool = False, timeout: float | None = None) -> int:
    """Run a program to its end and return its exit code. `quiet`: without our streams.

    Raises OSError if it cannot be started, or TimeoutError, which is one.
    """
    import subprocess  # 10 ms, and few commands run a program

    stream = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.run(
            command, env=environment(os.environ), timeout=timeout, check=False,
            stdin=stream, stdout=stream, stderr=stream,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{command[0]} did not end within {timeout:g} s") from None


def spoken(*command: str, timeout: float, most: int = 1 << 20) -> str | None:
    """Return what a program writes to stderr; None if it fails, or writes more than `most` bytes.

    It is ended after `timeout` seconds, or when it writes too much.
    """
    import subprocess
    from threading import Timer

    try:
        process = subprocess.Popen(
            command, env=environment(os.environ),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
    except OSError:
        return None
    timer = Timer(timeout, process.kill)
    timer.daemon = True
    timer.start()
    with process:
        said = process.stderr.read(most + 1) if process.stderr else b""
        if len(said) > most:
            process.kill()
    timer.cancel()
    return None if process.returncode else said.decode("utf-8", "replace")


def open_file(path: Path) -> None:
    """Open a file in the desktop's program for it, which runs on. Raises OSError."""
    if sys.platform == "win32":
        os.startfile(path.absolute())
        return
    import subprocess

    opener = "open" if sys.platform == "darwin" else "xdg-open"
    # An absolute path cannot be taken for an option; xdg-open does not know `--`.
    subprocess.Popen(
        [opener, str(path.absolute())], env=environment(os.environ), start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for another program: all but those of piooy that hold a secret."""
    return {name: value for name, value in environ.items() if not _is_secret(name.upper())}


def _is_secret(name: str) -> bool:
    return name.startswith("PIOOY_") and any(word in name for word in _SECRET_WORDS)
