-- What people bring themselves (uploads, albums of their own), what admins hide, and folders that are not for everybody.

-- Folders ------------------------------------------------------------------------------------------------------------
-- A small number beside the id: songs carry it, and the indexes of their lists.
alter table catalog.folders add column no smallint generated always as identity unique;
alter table catalog.folders add column name text check (length(name) between 1 and 200);
-- Lines as in a `.gitignore` file.
alter table catalog.folders add column ignore text not null default '';
alter table catalog.folders add column watch text not null default 'auto' check (watch in ('auto', 'poll', 'off'));
-- Only for admins and the people of `folder_users`.
alter table catalog.folders add column is_restricted boolean not null default false;
create table catalog.folder_users (
  folder_id uuid not null references catalog.folders on delete cascade,
  user_id   uuid not null,
  primary key (folder_id, user_id)
);
create index folder_users_of_user on catalog.folder_users (user_id);

-- Bytes that were uploaded, once however many songs use them: the blob `catalog/audio/<hash>`. ------------------------
create table catalog.assets (
  hash        text primary key check (hash ~ '^[0-9a-f]{64}$'),
  size_bytes  bigint not null check (size_bytes > 0),
  content_id  text not null,
  -- What the media process found in it (`ProbeOk`); songs begin with these facts.
  probe       jsonb not null,
  cover_hash  text references catalog.covers,
  created_at  timestamptz not null default now()
);
create index assets_by_content on catalog.assets (content_id);

-- Uploaded pictures are made anew before they are kept, so nothing of the camera stays in them.
alter table catalog.covers drop constraint covers_source_kind_check;
alter table catalog.covers add constraint covers_source_kind_check check (source_kind in ('embedded', 'image', 'upload'));

create table catalog.uploads (
  id             uuid primary key,
  owner_id       uuid not null,
  kind           text not null check (kind in ('audio', 'image')),
  state          text not null check (state in ('pending', 'uploading', 'processing', 'analyzing', 'completed', 'failed')),
  progress       real not null default 0 check (progress between 0 and 1),
  file_name      text,
  -- Null while a resumable upload has not told its length.
  size_bytes     bigint check (size_bytes >= 0),
  received_bytes bigint not null default 0 check (received_bytes >= 0),
  -- What the song that is made of it shall say; see uploads/fields.ts.
  fields         jsonb not null default '{}',
  -- SHA-256 of the bytes as they came; `image_hash` names the picture made of them.
  hash           text,
  image_hash     text references catalog.covers,
  song_id        uuid,
  -- The bytes were known already: `song_id` is a song of the same person that uses them, if there is one.
  is_duplicate   boolean not null default false,
  fault_code     text,
  fault_detail   text,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  -- When an unfinished upload, or one that nothing was made of, is removed.
  expires_at     timestamptz,
  check ((state = 'failed') = (fault_code is not null))
);
create index uploads_of_owner on catalog.uploads (owner_id, id);
create index uploads_by_hash on catalog.uploads (hash) where hash is not null;
create index uploads_by_song on catalog.uploads (song_id) where song_id is not null;
create index uploads_expiring on catalog.uploads (expires_at) where expires_at is not null;

-- Songs --------------------------------------------------------------------------------------------------------------
alter table catalog.songs add column folder_no smallint;
update catalog.songs s set folder_no = f.no from catalog.folders f where f.id = s.folder_id;
alter table catalog.songs add column asset_hash text references catalog.assets;
create index songs_of_asset on catalog.songs (asset_hash) where asset_hash is not null;
-- What people changed of what the file says; laid over it each time the file is read. See studio/edits.ts.
alter table catalog.songs add column edits jsonb not null default '{}';
-- As the person who uploaded it calls the file: a song without tags is named by it.
alter table catalog.songs add column file_name text;
-- Grows with every change of the song; its ETag.
alter table catalog.songs add column revision integer not null default 1;
-- The album with which it was published: it becomes private again with that album. Null when it was published by itself.
alter table catalog.songs add column public_via uuid;
alter table catalog.song_artists drop constraint song_artists_role_check;
alter table catalog.song_artists add constraint song_artists_role_check check (role in ('main', 'featured', 'remixer',
  'composer', 'lyricist', 'arranger', 'conductor', 'performer', 'producer', 'mixer', 'engineer', 'album'));

-- Word-synced lines carry `words`: [{timeMs, text, words?: [{timeMs, text}]}].
alter table catalog.lyrics add column is_edited boolean not null default false;

-- Albums -------------------------------------------------------------------------------------------------------------
-- An album without an owner is made of the songs that name it (`songs.album_id`); one with an owner holds the songs of
-- `album_songs`, in their order, whoever they belong to.
alter table catalog.albums add column owner_id uuid;
alter table catalog.albums add column kind text not null default 'album'
  check (kind in ('album', 'single', 'ep', 'compilation', 'playlist', 'live', 'soundtrack', 'audiobook'));
alter table catalog.albums add column description text check (length(description) <= 5000);
alter table catalog.albums add column is_public boolean not null default false;
alter table catalog.albums add column is_visible boolean not null default true;
-- The picture its owner chose; else that of its songs.
alter table catalog.albums add column own_cover_hash text references catalog.covers;
alter table catalog.albums add column edits jsonb not null default '{}';
alter table catalog.albums add column revision integer not null default 1;
alter table catalog.albums add column updated_at timestamptz not null default now();
-- Of the songs that name it, those that an admin hid: admins see them too.
alter table catalog.albums add column hidden_song_count integer not null default 0 check (hidden_song_count >= 0);
alter table catalog.albums add column hidden_duration_ms bigint not null default 0 check (hidden_duration_ms >= 0);
-- What its file says of the kind of release; the album is what most of its songs say.
alter table catalog.songs add column release_kind text
  check (release_kind in ('album', 'single', 'ep', 'compilation', 'live', 'soundtrack', 'audiobook'));
create index albums_of_owner on catalog.albums (owner_id, id) where owner_id is not null;
create table catalog.album_songs (
  album_id uuid not null references catalog.albums on delete cascade,
  song_id  uuid not null references catalog.songs on delete cascade,
  disc     smallint check (disc between 1 and 999),
  -- Its place within the album; only the order counts.
  position integer not null check (position >= 0),
  primary key (album_id, song_id)
);
create index album_songs_in_order on catalog.album_songs (album_id, disc, position);
create index album_songs_of_song on catalog.album_songs (song_id);

-- Folders of the library songs (on shelf 2 and above) of an album or artist: who may open none of them sees neither.
alter table catalog.albums add column folder_nos smallint[] not null default '{}';
alter table catalog.artists add column folder_nos smallint[] not null default '{}';
update catalog.albums al set folder_nos = x.nos from (select album_id, array_agg(distinct folder_no) as nos
  from catalog.songs where shelf >= 2 and folder_no is not null group by album_id) x where x.album_id = al.id;
update catalog.artists ar set folder_nos = x.nos from (select sa.artist_id, array_agg(distinct s.folder_no) as nos
  from catalog.songs s join catalog.song_artists sa on sa.song_id = s.id
  where s.shelf >= 2 and s.folder_no is not null group by sa.artist_id) x where x.artist_id = ar.id;

-- The delta feed says "removed" only to who may have known of the thing.
alter table catalog.changes add column owner_id uuid;
-- The highest shelf it ever stood on, and the folder it last stood in.
alter table catalog.changes add column shelf_max smallint not null default 3;
alter table catalog.changes add column folder_no smallint;
