-- What is only ever served whole stands in documents (their types: tables.ts); what is joined, counted or handed to other
-- modules keeps its column. Empty of what was analysed before this was kept.
alter table analysis.features add column details jsonb not null default '{}';
alter table analysis.timelines add column spans jsonb not null default '{}';
create index features_by_version on analysis.features (engine_version);

-- The engine that was last tried on a song in vain: the same one is not tried again by itself, a better one is.
alter table analysis.songs add column tried_version integer not null default 0;
-- Stable word for `detail`.
alter table analysis.songs add column fault_code text;

-- One row: whether the library waits.
create table analysis.control (
  id        boolean primary key default true check (id),
  is_paused boolean not null default false
);
insert into analysis.control default values;
