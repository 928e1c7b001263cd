"""The tables of a row store, and the statements that tell rows apart."""

TABLES = """
create table facts (name text primary key, value text) strict, without rowid;
create table rows (
  n integer primary key,
  line integer not null,
  key text not null, asked blob not null, request text not null,
  output text, cell text, name text not null default '',
  open integer not null default 1,  -- 0: ended, and in the results
  told text                         -- the word that the results have for it
) strict;
"""
INDEXES = """
create unique index rows_by_key on rows (key);
create index open_rows on rows (n) where open = 1;
create index told_rows on rows (told, open);
"""
# Without the fingerprint, the next run reads the rows from the manifest again.
ERASE = """
pragma journal_mode = delete;
begin;
delete from facts where name = 'fingerprint';
update rows set request = '', output = null, cell = null;
commit;
vacuum;
"""
SAME_AGAIN = """
update rows set key = key || '#' || nth from (
  select n as number, row_number() over (partition by key order by n) as nth
  from rows where key like 'sha:%') where n = number and nth > 1
"""
TWICE = """
select line, key, first_value(line) over (partition by key order by n) as first,
  row_number() over (partition by key order by n) as nth from rows where key not like 'sha:%'
"""
