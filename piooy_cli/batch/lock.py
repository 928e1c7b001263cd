"""The lock of a batch: one run at a time. The system releases it when its holder dies."""

import os
import time
from pathlib import Path
from types import TracebackType

from piooy_cli.domain.errors import Busy, StorageRefused
from piooy_cli.files.locks import lock
from piooy_cli.files.writing import NO_FOLLOW, private_directory

_OFTEN = 0.2


class BatchLock:
    """A lock, held while inside. Raises Busy if another run holds it for `seconds`."""

    def __init__(self, path: Path, what: str, seconds: float = 0) -> None:
        self._path = path
        self._what = what
        self._seconds = seconds
        self._handle: int | None = None

    def __enter__(self) -> "BatchLock":
        private_directory(self._path.parent)
        deadline = time.monotonic() + self._seconds
        while not self._taken():
            if time.monotonic() >= deadline:
                hint = "wait until it ends, or use --lock-wait 10m"
                raise Busy(f"another run holds {self._what}", hint)
            time.sleep(_OFTEN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _taken(self) -> bool:
        """Whether we hold the lock, and the file at its path is the locked one."""
        flags = os.O_RDWR | os.O_CREAT | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(self._path, flags | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise StorageRefused(f"the lock {self._path}: {error.strerror}") from error
        try:
            if _locked(handle) and os.path.samestat(os.fstat(handle), self._path.lstat()):
                self._handle, handle = handle, -1
        except FileNotFoundError:
            return False  # removed meanwhile: the next try makes a new one
        finally:
            if handle >= 0:
                os.close(handle)
        return self._handle is not None


def _locked(handle: int) -> bool:
    try:
        return lock(handle)
    except OSError as error:
        raise StorageRefused(
            f"this file system does not support locks: {error.strerror}"
        ) from error
