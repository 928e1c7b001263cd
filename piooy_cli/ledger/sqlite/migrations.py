"""The scripts that make a ledger, or bring an older one to the newest schema."""

TABLES = """
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
# yes; `took`: seconds from then to the end, null if it was not polled. Of a file that has
# partly arrived: where it lies, a digest of its address, its strong ETag and its whole length.
SECOND = """
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

# Which row of which batch an order is: `turn` counts the user's requests to send it again,
# `asked` is a digest of what the row asked for. What is unsettled, and what was sent lately, is
# found at once.
THIRD = """
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

# Which results an order was made from, and the user's own tags. Files are found by their digest;
# `delivered` compares each with its order, in JSON.
FOURTH = """
create table inputs (
  order_id integer not null references orders (id),
  option text not null, place integer not null,
  task_id text not null, n integer not null,
  primary key (order_id, option, place)
) strict, without rowid;
create index inputs_by_task on inputs (task_id);
create table tags (
  order_id integer not null references orders (id),
  name text not null, value text not null,
  primary key (order_id, name)
) strict, without rowid;
create index tags_by_value on tags (name, value);
alter table assets add column arrived text;  -- sha256 of what came, where a recipe was added
alter table assets add column delivered text;
create index assets_by_sha256 on assets (sha256) where sha256 is not null;
create index assets_by_arrived on assets (arrived) where arrived is not null;
"""

# Without task ids, which `task_id` itself finds: an order gets its id late, and every change of the
# index costs as much as a commit.
SEARCH = """
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
