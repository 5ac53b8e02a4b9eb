-- People who were erased within the last day, by a digest of the id that tells nobody who they were: what a request of
-- theirs brings that was under way at that moment is refused, or found and removed.
create table catalog.erased_owners (
  digest    bytea primary key check (length(digest) = 32),
  erased_at timestamptz not null default now()
);
