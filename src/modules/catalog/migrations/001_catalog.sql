-- Names carry three texts: as they are shown, `sort_key` (folded, article dropped, compared byte by byte so that every
-- server sorts alike) and `search` (folded words). Code computes the folds; see fold.ts.

create table catalog.folders (
  id          uuid primary key,
  -- The raw bytes: names of files need not be text.
  path        bytea not null unique,
  path_text   text not null,
  from_config boolean not null default false,
  is_public   boolean not null default false,
  state       text not null default 'ok' check (state in ('ok', 'unreachable')),
  detail      text,
  -- Being removed: a job deletes its songs, then the folder itself.
  removed_at  timestamptz,
  created_at  timestamptz not null default now()
);

-- Source pictures by the SHA-256 of their bytes; kept as the blob `catalog/covers/<hash>` once `state` is ok.
create table catalog.covers (
  hash        text primary key check (hash ~ '^[0-9a-f]{64}$'),
  state       text not null default 'wanted' check (state in ('wanted', 'ok', 'bad')),
  source_kind text not null check (source_kind in ('embedded', 'image')),
  source_path bytea not null,
  size_bytes  bigint,
  color       text check (color ~ '^#[0-9a-f]{6}$'),
  reason      text,
  created_at  timestamptz not null default now()
);
create index covers_wanted on catalog.covers (created_at, hash) where state = 'wanted';

create table catalog.artists (
  id                 uuid primary key,
  name               text not null check (length(name) between 1 and 500),
  sort_name          text not null,
  -- What makes two spellings the same artist.
  identity_key       text collate "C" not null unique,
  sort_key           text collate "C" not null,
  search             tsvector not null,
  shelf              smallint not null default -1,
  song_count         integer not null default 0 check (song_count >= 0),
  album_count        integer not null default 0 check (album_count >= 0),
  public_song_count  integer not null default 0 check (public_song_count >= 0),
  public_album_count integer not null default 0 check (public_album_count >= 0),
  cover_hash         text,
  public_cover_hash  text,
  created_at         timestamptz not null default now()
);
create index artists_by_name on catalog.artists (sort_key, id);
create index artists_by_name_public on catalog.artists (sort_key, id) where shelf = 3;
create index artists_search on catalog.artists using gin (search);

create table catalog.albums (
  id                 uuid primary key,
  title              text not null check (length(title) between 1 and 500),
  artist             text not null default '',
  -- What makes two songs stand on the same album.
  identity_key       text collate "C" not null unique,
  sort_key           text collate "C" not null,
  artist_order       text collate "C" not null default '',
  title_search       tsvector not null,
  -- Songs name no album artist: who it is follows from the artists of its songs.
  by_folder          boolean not null,
  year               smallint,
  genres             text[] not null default '{}',
  genre_keys         text[] not null default '{}',
  is_compilation     boolean not null default false,
  search             tsvector not null default '',
  -- The highest shelf of its songs.
  shelf              smallint not null default -1,
  song_count         integer not null default 0 check (song_count >= 0),
  duration_ms        bigint not null default 0 check (duration_ms >= 0),
  public_song_count  integer not null default 0 check (public_song_count >= 0),
  public_duration_ms bigint not null default 0 check (public_duration_ms >= 0),
  cover_hash         text,
  public_cover_hash  text,
  created_at         timestamptz not null default now()
);
create index albums_by_title on catalog.albums (sort_key, id);
create index albums_by_artist on catalog.albums (artist_order, id);
create index albums_by_year on catalog.albums (coalesce(year, 9999), id);
create index albums_by_year_desc on catalog.albums (coalesce(year, 0), id);
create index albums_by_title_public on catalog.albums (sort_key, id) where shelf = 3;
create index albums_by_artist_public on catalog.albums (artist_order, id) where shelf = 3;
create index albums_by_year_public on catalog.albums (coalesce(year, 9999), id) where shelf = 3;
create index albums_by_year_desc_public on catalog.albums (coalesce(year, 0), id) where shelf = 3;
create index albums_newest_public on catalog.albums (id) where shelf = 3;
create index albums_by_genre on catalog.albums using gin (genre_keys);
create index albums_search on catalog.albums using gin (search);

create table catalog.songs (
  id             uuid primary key,
  title          text not null check (length(title) between 1 and 500),
  artist         text not null,
  album_id       uuid references catalog.albums,
  disc           smallint,
  track          smallint,
  duration_ms    integer not null check (duration_ms >= 0),
  year           smallint,
  genres         text[] not null default '{}',
  genre_keys     text[] not null default '{}',
  tags           text[] not null default '{}',
  sort_key       text collate "C" not null,
  artist_order   text collate "C" not null,
  album_order    text collate "C" not null,
  search         tsvector not null,
  owner_id       uuid,
  is_public      boolean not null default false,
  is_visible     boolean not null default true,
  -- The file cannot be reached now; `gone_at`: it was deleted, and the song waits some time for it to come back.
  is_missing     boolean not null default false,
  gone_at        timestamptz,
  -- Who may know of the song (see policy.ts): 0 admins, 1 its owner too, 2 everyone signed in, 3 anyone.
  access         smallint not null generated always as
                 (case when not is_visible then 0 when is_public then 3 when owner_id is null then 2 else 1 end) stored,
  -- The same for lists, where a deleted file's song does not stand.
  shelf          smallint not null generated always as
                 (case when gone_at is not null then -1 when not is_visible then 0 when is_public then 3
                  when owner_id is null then 2 else 1 end) stored,
  folder_id      uuid references catalog.folders,
  content_id     text not null,
  codec          text not null,
  container      text not null,
  mime_type      text not null,
  bitrate_kbps   integer,
  sample_rate_hz integer,
  channels       smallint,
  lossless       boolean not null,
  size_bytes     bigint not null check (size_bytes >= 0),
  cover_hash     text,
  has_lyrics     boolean not null default false,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  check (gone_at is null or is_missing)
);
create index songs_by_title on catalog.songs (sort_key, id);
create index songs_by_artist on catalog.songs (artist_order, id);
create index songs_by_album on catalog.songs (album_order, id);
create index songs_by_year on catalog.songs (coalesce(year, 9999), id);
create index songs_by_year_desc on catalog.songs (coalesce(year, 0), id);
create index songs_by_duration on catalog.songs (duration_ms, id);
-- Nobody sees only what is public, which may be little of a large library.
create index songs_by_title_public on catalog.songs (sort_key, id) where shelf = 3;
create index songs_by_artist_public on catalog.songs (artist_order, id) where shelf = 3;
create index songs_by_album_public on catalog.songs (album_order, id) where shelf = 3;
create index songs_by_year_public on catalog.songs (coalesce(year, 9999), id) where shelf = 3;
create index songs_by_year_desc_public on catalog.songs (coalesce(year, 0), id) where shelf = 3;
create index songs_by_duration_public on catalog.songs (duration_ms, id) where shelf = 3;
create index songs_newest_public on catalog.songs (id) where shelf = 3;
create index songs_of_album on catalog.songs (album_id) where album_id is not null;
create index songs_by_content on catalog.songs (content_id);
create index songs_of_folder on catalog.songs (folder_id) where folder_id is not null;
create index songs_of_owner on catalog.songs (owner_id, id) where owner_id is not null;
create index songs_gone on catalog.songs (gone_at) where gone_at is not null;
create index songs_by_genre on catalog.songs using gin (genre_keys);
create index songs_by_tag on catalog.songs using gin (tags);
create index songs_search on catalog.songs using gin (search);

create table catalog.song_artists (
  song_id   uuid not null references catalog.songs on delete cascade,
  artist_id uuid not null references catalog.artists,
  role      text not null check (role in ('main', 'featured', 'composer', 'remixer', 'album')),
  position  smallint not null check (position >= 0),
  primary key (song_id, role, position)
);
create index song_artists_by_artist on catalog.song_artists (artist_id, song_id);

create table catalog.album_artists (
  album_id  uuid not null references catalog.albums on delete cascade,
  artist_id uuid not null references catalog.artists,
  position  smallint not null check (position >= 0),
  primary key (album_id, position)
);
create index album_artists_by_artist on catalog.album_artists (artist_id, album_id);

-- A projection of analysis events, so that filters need no SQL of another module.
create table catalog.song_facets (
  song_id        uuid primary key references catalog.songs on delete cascade,
  state          text not null check (state in ('pending', 'processing', 'completed', 'failed')),
  tempo          real,
  key            text,
  camelot        text,
  energy         real check (energy between 0 and 1),
  loudness_lufs  real,
  true_peak_dbtp real
);
create index song_facets_by_tempo on catalog.song_facets (tempo) where tempo is not null;
create index song_facets_by_key on catalog.song_facets (key) where key is not null;
create index song_facets_by_energy on catalog.song_facets (energy) where energy is not null;

create table catalog.lyrics (
  song_id uuid primary key references catalog.songs on delete cascade,
  plain   text,
  lines   jsonb not null default '[]'
);

create table catalog.library_files (
  id            bigint generated always as identity primary key,
  folder_id     uuid not null references catalog.folders on delete cascade,
  -- Relative to the folder, raw bytes; '' is the folder itself.
  dir           bytea not null,
  name          bytea not null,
  path_text     text not null,
  size_bytes    bigint not null,
  mtime_us      bigint not null,
  -- Fingerprint of the files beside it that were read too (lyrics, folder picture).
  sidecars      text not null default '',
  content_id    text,
  duration_ms   integer,
  song_id       uuid references catalog.songs on delete set null,
  state         text not null check (state in ('ok', 'faulty', 'missing')),
  fault_code    text,
  fault_reason  text,
  fault_at      timestamptz,
  missing_since timestamptz,
  unique (folder_id, dir, name),
  check ((state = 'faulty') = (fault_code is not null and fault_reason is not null and fault_at is not null)),
  check ((state = 'missing') = (missing_since is not null))
);
create index library_files_by_content on catalog.library_files (content_id) where content_id is not null;
create index library_files_of_song on catalog.library_files (song_id) where song_id is not null;
create index library_files_faulty on catalog.library_files (fault_at desc, id desc) where state = 'faulty';

-- Every word of the search documents; its trigrams find the words that a mistyped one may mean.
create table catalog.words (
  word  text collate "C" primary key check (length(word) between 1 and 60),
  grams text[] not null
);
create index words_by_gram on catalog.words using gin (grams);

-- The newest change of each thing, for clients that keep a copy.
create sequence catalog.change_seq;
create table catalog.changes (
  kind     text not null check (kind in ('song', 'album', 'artist')),
  thing_id uuid not null,
  seq      bigint not null default nextval('catalog.change_seq') unique,
  what     text not null check (what in ('changed', 'removed')),
  at       timestamptz not null default now(),
  primary key (kind, thing_id)
);

-- One row: the scan at work, or what the last one did. A holder that does not renew its claim has lost it.
create table catalog.scan_state (
  id          smallint primary key default 1 check (id = 1),
  holder      uuid,
  held_until  timestamptz,
  watcher     uuid,
  watched_until timestamptz,
  state       jsonb
);
insert into catalog.scan_state (id) values (1);
