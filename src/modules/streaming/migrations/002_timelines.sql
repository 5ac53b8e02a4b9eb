-- How long pieces of audio are to the sample and where their frames lie, for one version of a file each: the same audio
-- under other tags lies elsewhere. Losing a row costs only the time to read the file again.
create table streaming.timelines (
  content_id   text not null,
  -- Format of `data`, bytes and time of change of the file.
  file_version text not null,
  -- Deflated JSON; the offsets as differences.
  data         bytea not null,
  made_at      timestamptz not null default now(),
  primary key (content_id, file_version)
);
