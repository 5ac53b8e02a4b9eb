-- Tables of the kernel itself. `kernel.migrations` is made by the migrator before this runs.

create table kernel.signing_keys (
  kid         text primary key,
  public_jwk  jsonb not null,
  private_jwk text not null,
  created_at  timestamptz not null default now(),
  retired_at  timestamptz
);

-- The outbox: facts stored with the transaction that made them true. `xid` orders them by commit: a reader takes only
-- rows of transactions that were over before any still running one began, so that none is overtaken and lost.
create table kernel.events (
  id         bigint generated always as identity primary key,
  xid        xid8 not null default pg_current_xact_id(),
  key        uuid not null,
  name       text not null,
  payload    jsonb not null,
  created_at timestamptz not null default now()
);
create index events_by_xid on kernel.events (xid, id);

-- How far each module has read the log. A failing event is tried again, then set aside in `dead_events`.
create table kernel.event_cursors (
  module     text primary key,
  xid        xid8 not null default '0',
  id         bigint not null default 0,
  failures   integer not null default 0,
  retry_at   timestamptz not null default now(),
  last_error text
);
create table kernel.dead_events (
  module   text not null,
  event_id bigint not null,
  key      uuid not null,
  name     text not null,
  payload  jsonb not null,
  error    text not null,
  at       timestamptz not null default now(),
  primary key (module, event_id)
);

-- What admins see of jobs; the queue itself is graphile-worker's.
create table kernel.jobs (
  id          uuid primary key,
  name        text not null,
  key         text,
  state       text not null check (state in ('waiting', 'running', 'completed', 'failed', 'cancelled')),
  progress    real not null default 0 check (progress between 0 and 1),
  attempts    integer not null default 0,
  error       text,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create index jobs_by_state on kernel.jobs (state, updated_at desc);
create index jobs_by_key on kernel.jobs (name, key) where state in ('waiting', 'running');

-- Answers of creating writes, kept a day, so that a retried request does not create twice.
create table kernel.idempotency (
  scope      text not null,
  key        text not null,
  request    text not null,
  status     integer,
  body       jsonb,
  created_at timestamptz not null default now(),
  primary key (scope, key)
);
create index idempotency_by_age on kernel.idempotency (created_at);

-- Which process (advisory lock number) each job worker belongs to: see jobs/lifeline.ts.
create table kernel.job_workers (
  worker_id text primary key,
  process   integer not null
);

-- When each periodic task last began, in whatever process.
create table kernel.cron_runs (
  name text primary key,
  at   timestamptz not null
);
