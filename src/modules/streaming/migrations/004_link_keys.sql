-- Keys that sign links to media, of all processes. `secret` is sealed where there is an ENCRYPT_KEY. The newest signs.
create table streaming.link_keys (
  id         text primary key check (id ~ '^[0-9a-f]{8}$'),
  secret     text not null,
  created_at timestamptz not null default now()
);
