"""Whose files are believed: those that only this user and root can change, as ssh has it."""

import os
import stat
from pathlib import Path

from piooy_cli.domain.errors import UsageError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


def check_owner(path: Path, known: os.stat_result | None = None) -> None:
    """Raise UsageError if another user can change a file, or put another one in its place.

    `known`: the status of the file if it is open. A missing file is nobody's.
    """
    if not hasattr(os, "geteuid"):
        return
    try:
        known = known or path.stat()
        directory = path.absolute().parent
        around = directory.stat()
    except OSError:
        return  # whoever opens it says why it cannot be
    _check(path, known)
    if not around.st_mode & stat.S_ISVTX:  # in /tmp and the like, only the owner can replace it
        _check(directory, around)
    elif around.st_uid not in (0, os.geteuid()):
        raise _not_ours(directory, around)


def is_own(known: os.stat_result) -> bool:
    """Whether a file belongs to this user or root."""
    return not hasattr(os, "geteuid") or known.st_uid in (0, os.geteuid())


def others_read(path: Path) -> bool:
    """Whether other users can read a file, as far as its own mode says."""
    return hasattr(os, "geteuid") and bool(path.stat().st_mode & _OTHERS_READ)


def _check(path: Path, known: os.stat_result) -> None:
    if not is_own(known):
        raise _not_ours(path, known)
    if known.st_mode & _OTHERS_WRITE:
        mode = stat.S_IMODE(known.st_mode)
        raise UsageError(
            f"{path} can be changed by other users (its mode is {mode:04o})",
            f"to mend it: `chmod go-w {quoted(path)}`",
        )


def _not_ours(path: Path, known: os.stat_result) -> UsageError:
    return UsageError(
        f"{path} belongs to another user ({known.st_uid}), who can change it",
        f"if you trust what is in it: `chown {os.geteuid()} {quoted(path)}`",
    )


def quoted(path: Path) -> str:
    """Return the path as a shell takes it."""
    from shlex import quote  # for messages alone

    return quote(str(path))
