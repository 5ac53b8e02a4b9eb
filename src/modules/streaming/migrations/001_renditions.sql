-- Transcodes that are kept. The bytes are blobs `streaming/renditions/<content_id>/<profile>`; a row without its blob
-- is made again, a blob without its row is swept.
create table streaming.renditions (
  content_id   text not null,
  profile      text not null,
  blob_key     text not null,
  size_bytes   bigint not null check (size_bytes > 0),
  created_at   timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  primary key (content_id, profile)
);
create index renditions_by_use on streaming.renditions (last_used_at);
