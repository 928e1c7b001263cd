"""The ledger's file: how it is opened, checked and migrated."""

import os
import sqlite3
from pathlib import Path

from piooy_cli.domain.errors import Busy, PiooyError, StorageRefused
from piooy_cli.files.ownership import check_owner
from piooy_cli.files.writing import create_file, private_directory

APPLICATION_ID = 0x50494F59  # "PIOY"
VERSION = 4
BUSY_SECONDS = 10.0
# Below this version SQLite may lose a commit when a WAL is reset; a rollback journal cannot.
_WAL_IS_SOUND = (3, 51, 3)


def opened(path: Path) -> sqlite3.Connection:
    """Open the ledger at `path`, creating it if needed. Raises StorageRefused or Busy.

    A file that is not a ledger, or a newer one, is left exactly as it is.
    """
    private_directory(path.parent)
    try:
        _made(path)
        check_owner(path)
        return _prepared(path)
    except (sqlite3.Error, OSError) as error:
        raise translated(path, error) from error


def translated(path: Path, error: Exception) -> PiooyError:
    """Return the error for what SQLite or the disk refused."""
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return Busy(f"another process holds the ledger {path}", "try again when it is free")
    reason = getattr(error, "strerror", None) or str(error)
    hint = "make room, or set PIOOY_STATE_DIR to another place"
    return StorageRefused(f"the ledger {path} cannot be used: {reason}", hint)


def has_search(connection: sqlite3.Connection) -> bool:
    """Whether this ledger has a full-text index."""
    query = "select 1 from sqlite_master where name = 'words'"
    return connection.execute(query).fetchone() is not None


def _made(path: Path) -> None:
    """Create an empty file for this user only, before SQLite creates one with the umask."""
    try:
        os.close(create_file(path, 0o600))
    except FileExistsError:
        return


def _prepared(path: Path) -> sqlite3.Connection:
    # One thread uses it; whichever thread collects it may close it.
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    sound = sqlite3.sqlite_version_info >= _WAL_IS_SOUND
    version = _version(connection, path)
    connection.execute(f"pragma journal_mode = {'wal' if sound else 'delete'}")
    connection.execute(f"pragma synchronous = {'full' if sound else 'extra'}")
    connection.execute("pragma foreign_keys = on")
    if version < VERSION:
        if version:
            _keep_a_copy(connection, path, version)
        _migrate(connection, path)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    application, version, empty = _header(connection)
    if application != APPLICATION_ID and not empty:
        raise StorageRefused(
            f"{path} is not a ledger of piooy", "move it away, or set PIOOY_STATE_DIR"
        )
    if version > VERSION:
        hint = "use that version, or set PIOOY_STATE_DIR to another place"
        raise StorageRefused(f"the ledger {path} was created by a newer version of piooy", hint)
    return version


def _header(connection: sqlite3.Connection) -> tuple[int, int, bool]:
    """Return application, version, and whether there are no tables, all at the same moment.

    Read apart from each other, they would disagree while another process creates the ledger.
    """
    connection.execute("savepoint header")
    try:
        application = connection.execute("pragma application_id").fetchone()[0]
        version = connection.execute("pragma user_version").fetchone()[0]
        table = connection.execute("select 1 from sqlite_master limit 1").fetchone()
    finally:
        connection.execute("release header")
    return int(application), int(version), table is None


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate to the newest schema in one transaction: after a crash it is the old or the new."""
    from piooy_cli.ledger.sqlite import migrations  # once in the life of a ledger

    connection.execute("begin immediate")
    try:
        version = _version(connection, path)
        if version < 1:
            _run(connection, migrations.TABLES)
        scripts = (migrations.SECOND, migrations.THIRD, migrations.FOURTH)
        for since, script in enumerate(scripts, 2):
            if version < since:
                _run(connection, script)
        if version < VERSION:  # another process may have been first
            _create_search_index(connection, migrations.SEARCH)
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {VERSION}")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # Ctrl-C may come before it begins, or after it ends
            connection.execute("rollback")
        raise


def _keep_a_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Keep a copy of the older ledger beside it: `ledger.sqlite3.v1`."""
    copy = path.with_name(f"{path.name}.v{version}")
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if copy.exists():
        return
    draft.unlink(missing_ok=True)
    _made(draft)
    connection.execute("vacuum into ?", (str(draft),))
    try:
        os.link(draft, copy)  # the first copy stays: later ones may have a newer schema
    except FileExistsError:
        pass
    except OSError:
        draft.replace(copy)
    draft.unlink(missing_ok=True)


def _create_search_index(connection: sqlite3.Connection, script: str) -> None:
    """Create a full-text index, if this SQLite supports it; otherwise history uses LIKE."""
    connection.execute("savepoint search")
    try:
        _run(connection, script)
    except sqlite3.OperationalError:
        connection.execute("rollback to search")
    connection.execute("release search")


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run each statement by itself: `executescript` would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
