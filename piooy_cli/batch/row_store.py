"""The rows of a batch on disk: checked once, rebuilt from the manifest if they are lost."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from piooy_cli.batch import row_store_sql as sql
from piooy_cli.batch.manifest_lines import BadLine
from piooy_cli.batch.row_links import RowLink, links_of, wrong_links
from piooy_cli.batch.row_store_file import opened, refusals
from piooy_cli.batch.rows import BatchRow, order_from_text, order_to_text
from piooy_cli.domain.errors import StorageRefused
from piooy_cli.domain.models import MediaType
from piooy_cli.files.writing import create_file, private_directory

_COLUMNS = "n, line, key, asked, request, output, cell, name"
_PAGE = 200


class RowStore:
    """The rows of one batch. Only the process that holds the batch's lock uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = opened(path)

    @classmethod
    def create(cls, draft: Path) -> "RowStore":
        """Create a row store under a temporary name; `publish` renames it."""
        private_directory(draft.parent)
        with refusals(draft):
            os.close(create_file(draft, 0o600))
            row_store = cls(draft)
            row_store._connection.execute("pragma journal_mode = off")  # whole, or thrown away
            for statement in sql.TABLES.split(";\n"):
                row_store._connection.execute(statement)
        return row_store

    @classmethod
    def sound(cls, path: Path) -> "RowStore | None":
        """Open a row store; None if it is damaged, so that it is built again."""
        with suppress(sqlite3.DatabaseError, StorageRefused):
            found = cls(path)
            found.open_rows(0, 1)  # of an older version, it may lack a column
            if found._one("pragma quick_check(1)") == "ok":
                return found
        return None

    def fill(self, rows: Iterator[BatchRow | BadLine], most: int) -> tuple[list[BadLine], int]:
        """Store all rows; return the first `most` bad lines, and how many there were."""
        bad: list[BadLine] = []
        links: list[RowLink] = []
        count = 0

        def good() -> Iterator[tuple[Any, ...]]:
            nonlocal count
            for row in rows:
                if isinstance(row, BadLine):
                    count += 1
                    bad.extend([row] if len(bad) < most else [])
                else:
                    links.extend(links_of(row))
                    cell = json.dumps(row.cell) if row.cell else None
                    yield (*row[:4], order_to_text(row.order), row.output, cell, row.name)

        with self._refusals():
            self._connection.execute("begin")
            marks = ", ".join("?" * 8)
            statement = f"insert into rows ({_COLUMNS}) values ({marks})"
            self._connection.executemany(statement, good())
            self._connection.execute(sql.SAME_AGAIN)
            twice = self._twice()
            if not twice:
                for statement in sql.INDEXES.split(";\n"):
                    self._connection.execute(statement)
            self._connection.execute("commit")
        wrong = [*twice, *wrong_links(links, self._media_of)]
        return sorted([*bad, *wrong[:most]])[:most], count + len(wrong)

    def _media_of(self, key: str) -> MediaType | None:
        row = self.row(key=key)
        return row.order.media if row else None

    def _twice(self) -> list[BadLine]:
        query = f"select line, key, first from ({sql.TWICE}) where nth > 1 order by line"
        return [
            BadLine(line, f"id {key[:60]!r} is already used in line {first}")
            for line, key, first in self._connection.execute(query)
        ]

    def inherit(self, path: Path) -> None:
        """Copy what an earlier row store knows about the same rows, if there is one."""
        if not path.exists():
            return
        with suppress(sqlite3.DatabaseError):
            self._connection.execute("attach ? as old", (str(path),))
            self._connection.execute(
                "update main.rows set open = past.open, told = past.told from old.rows as past"
                " where past.key = rows.key and past.asked = rows.asked"
            )
            self._connection.execute("insert or ignore into facts select * from old.facts")
        with suppress(sqlite3.DatabaseError):
            self._connection.execute("detach old")

    def publish(self, path: Path) -> "RowStore":
        """Rename it, so that the next run finds it."""
        with self._refusals():
            self._connection.close()
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # of the one replaced
            self.path.replace(path)
        return RowStore(path)

    def discard(self) -> None:
        """Close and remove it."""
        self.close()
        self.path.unlink(missing_ok=True)

    def erase_requests(self) -> None:
        """Erase what the rows ask for, but not how they ended. Raises StorageRefused."""
        with self._refusals():
            self._connection.executescript(sql.ERASE)

    def close(self) -> None:
        """Close it; it is kept for the next run."""
        self._connection.close()

    def get_fact(self, name: str) -> Any:
        """Return a fact about the batch; None if it is unknown, or this is not a row store."""
        with suppress(sqlite3.Error):
            found = self._connection.execute("select value from facts where name = ?", (name,))
            return next(found, (None,))[0]
        return None

    def set_facts(self, **facts: Any) -> None:
        """Store facts about the batch."""
        with self._refusals():
            self._connection.executemany(
                "insert or replace into facts values (?, ?)",
                [(name, str(value)) for name, value in facts.items()],
            )

    def count(self) -> int:
        """Return the number of rows."""
        return int(self._one("select count(*) from rows indexed by told_rows"))

    def ended(self) -> dict[str, int]:
        """Return how many rows ended in earlier runs, by their status in the results."""
        with self._refusals():
            query = "select told, count(*) from rows where open = 0 group by told"
            return dict(self._connection.execute(query).fetchall())

    def open_rows(self, after: int, most: int) -> list[BatchRow]:
        """Return rows that have not ended, in their order."""
        query = f"select {_COLUMNS} from rows where open = 1 and n > ? order by n limit ?"
        return self._rows(query, after, most)

    def every_open(self) -> Iterator[BatchRow]:
        """Yield all rows that have not ended, in pages: some may end meanwhile."""
        after = 0
        while page := self.open_rows(after, _PAGE):
            yield from page
            after = page[-1].n

    def open_numbers(self) -> list[int]:
        """Return the numbers of all rows that have not ended."""
        with self._refusals():
            found = self._connection.execute("select n from rows where open = 1 order by n")
            return [n for (n,) in found]

    def row(self, *, n: int | None = None, key: str | None = None) -> BatchRow | None:
        """Return one row, whether it has ended or not."""
        column, value = ("n", n) if key is None else ("key", key)
        found = self._rows(f"select {_COLUMNS} from rows where {column} = ?", value)
        return found[0] if found else None

    def cells(self, most: int) -> list[BatchRow]:
        """Return the rows of a sweep."""
        query = f"select {_COLUMNS} from rows where cell is not null order by n limit ?"
        return self._rows(query, most)

    def recorded_status(self, n: int) -> str | None:
        """Return the status of a row in the results."""
        value = self._one("select told from rows where n = ?", n)
        return None if value is None else str(value)

    def mark(self, n: int, status: str, *, ended: bool, results_end: int) -> None:
        """Record the status of a row in the results."""
        with self._refusals():
            self._connection.execute("begin")
            query = "update rows set told = ?, open = ? where n = ?"
            self._connection.execute(query, (status, 0 if ended else 1, n))
            query = "insert or replace into facts values ('results_end', ?)"
            self._connection.execute(query, (str(results_end),))
            self._connection.execute("commit")

    def close_row(self, n: int) -> None:
        """Mark a row as ended; its line is in the results already."""
        with self._refusals():
            self._connection.execute("update rows set open = 0 where n = ?", (n,))

    def specs_of(self, keys: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Return line and spec digest of the rows with these keys, a few hundred at most."""
        marks = ", ".join("?" * len(keys))
        with self._refusals():
            query = f"select key, line, asked from rows where key in ({marks})"
            found = self._connection.execute(query, list(keys))
            return {key: (line, spec) for key, line, spec in found}

    def reopen(self, statuses: frozenset[str] | None) -> None:
        """Reopen the rows that ended with one of these statuses; None: all rows."""
        with self._refusals():
            if statuses is None:
                self._connection.execute("update rows set open = 1, told = null")
                return
            marks = ", ".join("?" * len(statuses))
            query = f"update rows set open = 1 where open = 0 and told in ({marks})"
            self._connection.execute(query, sorted(statuses))

    def _rows(self, query: str, *values: Any) -> list[BatchRow]:
        with self._refusals():
            found = self._connection.execute(query, values)
            return [
                BatchRow(n, line, key, spec, order_from_text(request), output, _cell(cell), name)
                for n, line, key, spec, request, output, cell, name in found
            ]

    def _one(self, query: str, *values: Any) -> Any:
        with self._refusals():
            return self._connection.execute(query, values).fetchone()[0]

    def _refusals(self) -> AbstractContextManager[None]:
        return refusals(self.path)


def _cell(text: str | None) -> tuple[str, ...]:
    return tuple(json.loads(text or "[]"))
