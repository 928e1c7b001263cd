"""The order that a batch sent last, noted beside its rows: a ledger without it is not the newest.

The note is written after the ledger's record of the order and before the order is sent, so a
process that is killed at any moment leaves no order that neither of the two knows.
"""

import hashlib
import json
import os
from pathlib import Path

from piooy_cli.domain.errors import StorageRefused
from piooy_cli.domain.records import stored_json
from piooy_cli.files.errors import disk_errors
from piooy_cli.files.reading import BINARY, read_small
from piooy_cli.files.writing import NO_FOLLOW
from piooy_cli.ledger.store import OrderStore

_LENGTH = 4096  # bytes; a note has this size, so that each one replaces all of the last


class SentMark:
    """The note of one batch. Only the process that holds the batch's lock writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newest = 0
        self._handle: int | None = None

    def note(self, ref: str, row: str) -> None:
        """Note an order that is recorded and about to be sent. Raises StorageRefused."""
        number = _number(ref)
        if number < self._newest:
            return  # orders of the same moment may come here in any order
        text = _note(ref, row)
        with disk_errors(self._path):
            if self._handle is None:
                flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | NO_FOLLOW | BINARY
                self._handle = os.open(self._path, flags, 0o600)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, text.ljust(_LENGTH))
        self._newest = number

    def check(self, store: OrderStore, batch: str) -> None:
        """Raise StorageRefused if the ledger lacks the noted order: it would be sent again."""
        try:
            noted = json.loads(read_small(self._path, _LENGTH))
            ref, row = str(noted["order"]), str(noted["row"])
            self._newest = _number(ref)
        except (OSError, ValueError, KeyError, TypeError):
            return  # nothing was sent so far, or by a version that left no note
        sent = store.row_of_order(ref, batch)
        if sent is None or json.loads(_note(ref, sent))["row"] != row:
            raise StorageRefused(
                f"the ledger does not contain {ref}, which the batch {batch} has sent: it was lost,"
                " or replaced by an older copy; nothing was sent",
                "restore the newest copy of the ledger; to send every row again, charged again,"
                " give the batch a new --name",
            )

    def close(self) -> None:
        """Close the note."""
        if self._handle is not None:
            os.close(self._handle)


def _note(ref: str, row: str) -> bytes:
    """Return the text of a note; a row key that is too long for it is named by its digest."""
    text = stored_json({"order": ref, "row": row}).encode("utf-8", "replace")
    if len(text) <= _LENGTH:
        return text
    return _note(ref, hashlib.sha256(row.encode("utf-8", "replace")).hexdigest())


def _number(ref: str) -> int:
    return int(ref.rpartition(":")[2])
