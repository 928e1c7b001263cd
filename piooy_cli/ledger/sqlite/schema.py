"""The ledger's file: its tables, the transitions that it refuses, how it is opened, migrated."""

import os
import sqlite3
from pathlib import Path

from piooy_cli.domain.errors import Busy, PiooyError, StorageRefused
from piooy_cli.files import private_directory

APPLICATION_ID = 0x50494F59  # "PIOY"
VERSION = 3
BUSY_SECONDS = 10.0
# Below this version SQLite may lose a commit when a WAL is reset; a rollback journal cannot.
_WAL_IS_SOUND = (3, 51, 3)

_TABLES = """
create table orders (
  id integer primary key autoincrement,
  account text not null,            -- PROFILE@HOST: a task belongs to one
  state text not null,              -- what is known of the money
  status text,                      -- the API's last word of the task
  created real not null,
  settled real,
  media text, scene text, provider text, model text,
  prompt text, options text,
  body blob, digest text,           -- what was sent, exactly, and its sha256
  task_id text unique,
  failure_code text, failure_message text,
  owner text                        -- the process that is sending, while it does
) strict;

create table attempts (
  id integer primary key,
  order_id integer not null references orders (id),
  started real not null,
  ended real,
  phase text not null,              -- sending, not sent, refused, accepted, unknown
  http_status integer,
  reason text
) strict;

create table assets (
  order_id integer not null references orders (id),
  n integer not null,
  url text not null, kind text not null, role text not null,
  path text, bytes integer, sha256 text, saved real,
  primary key (order_id, n)
) strict;

create table decisions (
  id integer primary key,
  order_id integer not null references orders (id),
  at real not null, who text not null, what text not null, why text
) strict;

create table transitions (old text not null, new text not null, primary key (old, new)) strict;
insert into transitions values
  ('PLANNED', 'SENDING'),
  ('SENDING', 'PLANNED'), ('SENDING', 'SUBMITTED'), ('SENDING', 'REFUSED'), ('SENDING', 'UNKNOWN'),
  ('UNKNOWN', 'SUBMITTED'), ('UNKNOWN', 'PLANNED'), ('UNKNOWN', 'WRITTEN_OFF');

create trigger only_drawn_transitions before update of state on orders
when old.state <> new.state and not exists (
  select 1 from transitions where old = old.state and new = new.state)
begin select raise(abort, 'no such transition'); end;

create trigger doubt_needs_a_decision before update of state on orders
when old.state = 'UNKNOWN' and new.state <> 'UNKNOWN' and not exists (
  select 1 from decisions where order_id = old.id)
begin select raise(abort, 'a person has to decide'); end;

create trigger not_sent_needs_proof before update of state on orders
when old.state = 'SENDING' and new.state = 'PLANNED' and not exists (
  select 1 from attempts where order_id = old.id and phase = 'not sent'
  and id = (select max(id) from attempts where order_id = old.id))
begin select raise(abort, 'nothing proves that it was not sent'); end;

create trigger an_order_begins_planned before insert on orders
when new.state not in ('PLANNED', 'SUBMITTED') or (new.state = 'SUBMITTED' and new.task_id is null)
begin select raise(abort, 'no such beginning'); end;

create trigger submitted_has_a_task before update of state on orders
when new.state = 'SUBMITTED' and new.task_id is null
begin select raise(abort, 'no task'); end;

create trigger a_task_is_forever before update of task_id on orders
when old.task_id is not null and new.task_id is not old.task_id
begin select raise(abort, 'the task of an order does not change'); end;

create index orders_by_account on orders (account, id);
create index orders_by_state on orders (state) where state in ('SENDING', 'UNKNOWN');
"""

# How long runs take, by what decides it, for waits to learn from. `accepted`: when the service said
# yes; `took`: seconds from then to the end, null where nobody was looking. Of a file that has
# partly arrived: where it lies, a digest of its address, its strong ETag and its whole length.
_SECOND = """
alter table orders add column accepted real;
alter table orders add column took real;
alter table orders add column size text not null default '';
update orders set accepted = (
  select max(ended) from attempts where order_id = orders.id and phase = 'accepted');
alter table assets add column part text;
alter table assets add column address text;
alter table assets add column etag text;
alter table assets add column length integer;
create index orders_by_model on orders (account, model, scene, size, id) where took is not null;
"""

# Which row of which batch an order is: `turn` counts a person's wishes to have it sent anew,
# `asked` is a digest of what the row asked for. What is unsettled, and what was sent lately, is
# found at once.
_THIRD = """
alter table orders add column batch text;
alter table orders add column row text;
alter table orders add column turn integer not null default 1;
alter table orders add column asked blob;
create unique index orders_by_row on orders (account, batch, row, turn) where batch is not null;
create index orders_under_way on orders (account, batch, id)
  where batch is not null and settled is null and state in ('SENDING', 'SUBMITTED', 'UNKNOWN');
create index attempts_by_start on attempts (started);
create index attempts_by_order on attempts (order_id);
"""

# Without task ids, which `task_id` itself finds: an order gets its id late, and every change of the
# index costs as much as a commit.
_SEARCH = """
drop trigger if exists words_added;
drop trigger if exists words_changed;
drop trigger if exists words_removed;
drop table if exists words;
create virtual table words using fts5 (prompt, model, content='orders', content_rowid='id');
insert into words (words) values ('rebuild');
create trigger words_added after insert on orders begin
  insert into words (rowid, prompt, model) values (new.id, new.prompt, new.model);
end;
create trigger words_changed after update of prompt, model on orders
when old.prompt is not new.prompt or old.model is not new.model begin
  insert into words (words, rowid, prompt, model)
    values ('delete', old.id, old.prompt, old.model);
  insert into words (rowid, prompt, model) values (new.id, new.prompt, new.model);
end;
create trigger words_removed after delete on orders begin
  insert into words (words, rowid, prompt, model)
    values ('delete', old.id, old.prompt, old.model);
end;
"""


def opened(path: Path) -> sqlite3.Connection:
    """The ledger at `path`, made where there is none. Raises StorageRefused or Busy.

    A file that is no ledger, or one of a newer piooy, is left exactly as it is.
    """
    private_directory(path.parent)
    try:
        _made(path)
        return _prepared(path)
    except (sqlite3.Error, OSError) as error:
        raise translated(path, error) from error


def translated(path: Path, error: Exception) -> PiooyError:
    """What SQLite or the disk refused, for a person."""
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return Busy(f"another process holds the ledger {path}", "try again when it is free")
    reason = getattr(error, "strerror", None) or str(error)
    hint = "make room, or set PIOOY_STATE_DIR to another place"
    return StorageRefused(f"the ledger {path} cannot be used: {reason}", hint)


def has_search(connection: sqlite3.Connection) -> bool:
    """Whether this ledger has an index of words."""
    query = "select 1 from sqlite_master where name = 'words'"
    return connection.execute(query).fetchone() is not None


def _made(path: Path) -> None:
    """An empty file for this user alone, before SQLite makes one as the umask says."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
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
    application = connection.execute("pragma application_id").fetchone()[0]
    version = int(connection.execute("pragma user_version").fetchone()[0])
    empty = not connection.execute("select 1 from sqlite_master limit 1").fetchone()
    if application != APPLICATION_ID and not empty:
        raise StorageRefused(
            f"{path} is no ledger of piooy", "move it away, or set PIOOY_STATE_DIR"
        )
    if version > VERSION:
        hint = "use that version, or set PIOOY_STATE_DIR to another place"
        raise StorageRefused(f"the ledger {path} is of a newer piooy", hint)
    return version


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """To the newest schema in one transaction: killed at any moment, it is the old or the new."""
    connection.execute("begin immediate")
    try:
        version = _version(connection, path)
        if version < 1:
            _run(connection, _TABLES)
        for since, script in ((2, _SECOND), (3, _THIRD)):
            if version < since:
                _run(connection, script)
        if version < VERSION:  # another process may have been first
            _search(connection)
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {VERSION}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _keep_a_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """The ledger as the older piooy left it, beside it: `ledger.sqlite3.v1`."""
    copy = path.with_name(f"{path.name}.v{version}")
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if copy.exists():
        return
    draft.unlink(missing_ok=True)
    _made(draft)
    connection.execute("vacuum into ?", (str(draft),))
    try:
        os.link(draft, copy)  # whoever is first: the others' copies may be of a newer schema
    except FileExistsError:
        pass
    except OSError:
        draft.replace(copy)
    draft.unlink(missing_ok=True)


def _search(connection: sqlite3.Connection) -> None:
    """An index of words, where this SQLite can make one; history falls back to LIKE."""
    connection.execute("savepoint search")
    try:
        _run(connection, _SEARCH)
    except sqlite3.OperationalError:
        connection.execute("rollback to search")
    connection.execute("release search")


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Each statement by itself: `executescript` would end the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
