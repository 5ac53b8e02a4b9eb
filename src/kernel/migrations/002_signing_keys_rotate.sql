-- From when on a key signs: known to every process some minutes before. `retired_at` may lie ahead as well.
alter table kernel.signing_keys add column active_at timestamptz not null default now();
update kernel.signing_keys set active_at = created_at;
