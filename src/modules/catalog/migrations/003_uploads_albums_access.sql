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
-- As whoever watches found: nothing tells of changes here, so it is compared from time to time.
alter table catalog.folders add column is_polled boolean not null default false;
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
create index assets_by_cover on catalog.assets (cover_hash) where cover_hash is not null;

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
create index uploads_by_image on catalog.uploads (image_hash) where image_hash is not null;
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
create index songs_public_via on catalog.songs (public_via) where public_via is not null;
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
-- Songs that not everybody signed in sees, private and hidden ones: where there are some, figures differ by who asks.
alter table catalog.artists add column apart_song_count integer not null default 0 check (apart_song_count >= 0);
update catalog.albums al set folder_nos = x.nos from (select album_id, array_agg(distinct folder_no) as nos
  from catalog.songs where shelf >= 2 and folder_no is not null group by album_id) x where x.album_id = al.id;
update catalog.artists ar set folder_nos = x.nos from (select sa.artist_id, array_agg(distinct s.folder_no) as nos
  from catalog.songs s join catalog.song_artists sa on sa.song_id = s.id
  where s.shelf >= 2 and s.folder_no is not null group by sa.artist_id) x where x.artist_id = ar.id;
update catalog.artists ar set apart_song_count = x.n from (select sa.artist_id, count(distinct s.id) as n
  from catalog.songs s join catalog.song_artists sa on sa.song_id = s.id
  where s.shelf in (0, 1) group by sa.artist_id) x where x.artist_id = ar.id;

-- The delta feed -----------------------------------------------------------------------------------------------------
-- It says "removed" only to who may have known of the thing: the highest shelf it ever stood on, the folders it ever
-- stood in, whose it is. Artists are nobody's: whose songs ever brought one along stands in `known_artists`.
alter table catalog.changes add column owner_id uuid;
alter table catalog.changes add column shelf_max smallint not null default 2;
alter table catalog.changes alter column shelf_max drop default;
alter table catalog.changes add column folder_nos smallint[] not null default '{}';
create index changes_of_owner on catalog.changes (owner_id) where owner_id is not null;
create index changes_removed on catalog.changes (at) where what = 'removed';
create table catalog.known_artists (
  owner_id  uuid not null,
  artist_id uuid not null,
  primary key (owner_id, artist_id)
);
-- One row: "removed" up to this number is forgotten, so a copy that is older begins anew.
create table catalog.feed_state (
  id            smallint primary key default 1 check (id = 1),
  forgotten_seq bigint not null default 0
);
insert into catalog.feed_state (id) values (1);

-- Songs that hold the same audio, by what all but the largest of them take; kept by a trigger of the songs.
create table catalog.duplicates (
  content_id   text primary key,
  song_count   integer not null check (song_count > 1),
  wasted_bytes bigint not null check (wasted_bytes >= 0)
);
create index duplicates_by_waste on catalog.duplicates (wasted_bytes desc, content_id desc);

alter table catalog.folders add column unreachable_since timestamptz;
update catalog.folders set unreachable_since = now() where state = 'unreachable';

-- A directory with all below it is a range of this; songs that nobody may see are subtracted.
create index library_files_in_dirs on catalog.library_files (folder_id, dir)
  where state <> 'missing' and song_id is not null;
create index songs_hidden on catalog.songs (folder_id) where shelf = 0;
-- Those that are forgotten first come first.
create index songs_missing on catalog.songs (coalesce(gone_at, timestamptz '9999-12-31 00:00:00+00'), id) where is_missing;
create index songs_of_cover on catalog.songs (cover_hash) where cover_hash is not null;
create index albums_by_own_cover on catalog.albums (own_cover_hash) where own_cover_hash is not null;

insert into catalog.changes as c (kind, thing_id, what, owner_id, shelf_max, folder_nos)
  select 'song', id, 'changed', owner_id, shelf, array_remove(array[folder_no], null) from catalog.songs
  union all select 'album', id, 'changed', owner_id, shelf, folder_nos from catalog.albums
  union all select 'artist', id, 'changed', null, shelf, folder_nos from catalog.artists
  on conflict (kind, thing_id) do update set owner_id = excluded.owner_id, shelf_max = excluded.shelf_max,
    folder_nos = excluded.folder_nos;
insert into catalog.known_artists (owner_id, artist_id)
  select distinct s.owner_id, sa.artist_id from catalog.songs s join catalog.song_artists sa on sa.song_id = s.id
  where s.owner_id is not null;

-- Invariant: whoever changes what the feed tells of holds the shelf (`lockShelf`) before any row of it, so that the order
-- of numbers is the order of commits and no two writers wait for each other.
create function catalog.hold_shelf() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('catalog.shelf'));
  return null;
end $$;

-- Notes the rows `touched`; what is written to no matter by whom is noted, so no writer can forget to.
-- Arguments: kind, its owner, its folders.
create function catalog.note_touched() returns trigger language plpgsql as $$
begin
  execute format($q$
    insert into catalog.changes as c (kind, thing_id, what, owner_id, shelf_max, folder_nos)
    select %L, t.id, %L, %s, t.shelf, %s from touched t
    on conflict (kind, thing_id) do update set seq = nextval('catalog.change_seq'), at = now(), what = excluded.what,
      owner_id = excluded.owner_id, shelf_max = greatest(c.shelf_max, excluded.shelf_max),
      folder_nos = case when excluded.folder_nos <@ c.folder_nos then c.folder_nos
        else array(select distinct unnest(c.folder_nos || excluded.folder_nos)) end
    $q$, tg_argv[0], case when tg_op = 'DELETE' then 'removed' else 'changed' end, tg_argv[1], tg_argv[2]);
  return null;
end $$;

-- What follows looks up a few rows or a few thousand by key: `enable_seqscan` is off because a plan made when the tables
-- were empty would read them whole when they are large, and what joins rows as they were and are is planned anew each time.

-- Notes things whose own row stayed as it was, but not what is told of them. Each is in `catalog.changes` already.
create function catalog.note_again(noted_kind text, ids uuid[]) returns void language sql set enable_seqscan = off as $$
  update catalog.changes set seq = nextval('catalog.change_seq'), at = now()
  where kind = noted_kind and thing_id = any(ids) and what = 'changed'
$$;
create function catalog.note_facets() returns trigger language plpgsql as $$
begin
  perform catalog.note_again('song', array(select song_id from touched));
  return null;
end $$;
-- Songs name their album, one that somebody owns only to who may see it.
create function catalog.note_titles() returns trigger language plpgsql set enable_seqscan = off as $$
declare renamed uuid[];
begin
  execute 'select array(select n.id from touched n join before o using (id)
    where n.title <> o.title or n.is_visible <> o.is_visible or (n.owner_id is not null and n.shelf <> o.shelf))'
    into renamed;
  if renamed = '{}' then return null; end if;
  perform catalog.note_again('song', array(select id from catalog.songs where album_id = any(renamed)));
  -- Artists are also seen by the albums that are theirs.
  perform catalog.note_again('artist', array(select artist_id from catalog.album_artists where album_id = any(renamed)));
  return null;
end $$;
create function catalog.note_names() returns trigger language plpgsql set enable_seqscan = off as $$
declare renamed uuid[];
begin
  execute 'select array(select n.id from touched n join before o using (id) where n.name <> o.name)' into renamed;
  if renamed = '{}' then return null; end if;
  perform catalog.note_again('song', array(select song_id from catalog.song_artists where artist_id = any(renamed)));
  perform catalog.note_again('album', array(select album_id from catalog.album_artists where artist_id = any(renamed)));
  return null;
end $$;
-- A picture is shown once it is kept.
create function catalog.note_covers() returns trigger language plpgsql set enable_seqscan = off as $$
declare
  shown text[];
  song_ids uuid[];
begin
  execute $q$ select array(select n.hash from touched n join before o using (hash)
    where (n.state, n.color) is distinct from (o.state, o.color) and 'ok' in (n.state, o.state)) $q$ into shown;
  if shown = '{}' then return null; end if;
  song_ids := array(select id from catalog.songs where cover_hash = any(shown));
  perform catalog.note_again('song', song_ids);
  perform catalog.note_again('album', array(
    select album_id from catalog.songs where id = any(song_ids) and album_id is not null
    union select album_id from catalog.album_songs where song_id = any(song_ids)
    union select id from catalog.albums where own_cover_hash = any(shown)));
  perform catalog.note_again('artist', array(
    select distinct artist_id from catalog.song_artists where song_id = any(song_ids)));
  return null;
end $$;
create function catalog.note_known_artists() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  execute 'insert into catalog.known_artists (owner_id, artist_id)
    select distinct s.owner_id, t.artist_id from touched t join catalog.songs s on s.id = t.song_id
    where s.owner_id is not null on conflict do nothing';
  return null;
end $$;
create function catalog.note_album_artists() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  perform catalog.note_again('artist', array(select distinct artist_id from touched));
  if tg_op = 'DELETE' then return null; end if;
  execute 'insert into catalog.known_artists (owner_id, artist_id)
    select distinct al.owner_id, t.artist_id from touched t join catalog.albums al on al.id = t.album_id
    where al.owner_id is not null on conflict do nothing';
  return null;
end $$;

-- Two uploads of the same bytes share them: that wastes nothing.
create function catalog.count_duplicates() returns trigger language plpgsql set enable_seqscan = off as $$
declare ids text[];
begin
  if tg_op = 'UPDATE' then
    execute 'select array(select distinct x.id from before o join touched n using (id),
        unnest(array[o.content_id, n.content_id]) as x(id)
      where (o.content_id, o.size_bytes, o.asset_hash, o.shelf < 0)
        is distinct from (n.content_id, n.size_bytes, n.asset_hash, n.shelf < 0))' into ids;
  else
    ids := array(select distinct content_id from touched);
  end if;
  if ids = '{}' then return null; end if;
  delete from catalog.duplicates where content_id = any(ids);
  insert into catalog.duplicates (content_id, song_count, wasted_bytes)
  select content_id, sum(songs), sum(size_bytes) - max(size_bytes)
  from (select content_id, count(*) as songs, max(size_bytes) as size_bytes from catalog.songs
    where content_id = any(ids) and shelf >= 0 group by content_id, coalesce(asset_hash, id::text)) x
  group by content_id having sum(songs) > 1;
  return null;
end $$;
insert into catalog.duplicates (content_id, song_count, wasted_bytes)
  select content_id, count(*), sum(size_bytes) - max(size_bytes) from catalog.songs where shelf >= 0
  group by content_id having count(*) > 1;

create trigger hold_shelf before insert or update or delete on catalog.songs
  for each statement execute function catalog.hold_shelf();
create trigger hold_shelf before insert or update or delete on catalog.albums
  for each statement execute function catalog.hold_shelf();
create trigger hold_shelf before insert or update or delete on catalog.artists
  for each statement execute function catalog.hold_shelf();
create trigger hold_shelf before insert or update on catalog.song_facets
  for each statement execute function catalog.hold_shelf();
create trigger hold_shelf before update on catalog.covers
  for each statement execute function catalog.hold_shelf();

create trigger note_insert after insert on catalog.songs referencing new table as touched
  for each statement execute function catalog.note_touched('song', 't.owner_id', 'array_remove(array[t.folder_no], null)');
create trigger note_update after update on catalog.songs referencing new table as touched
  for each statement execute function catalog.note_touched('song', 't.owner_id', 'array_remove(array[t.folder_no], null)');
create trigger note_delete after delete on catalog.songs referencing old table as touched
  for each statement execute function catalog.note_touched('song', 't.owner_id', 'array_remove(array[t.folder_no], null)');
create trigger note_insert after insert on catalog.albums referencing new table as touched
  for each statement execute function catalog.note_touched('album', 't.owner_id', 't.folder_nos');
create trigger note_update after update on catalog.albums referencing new table as touched
  for each statement execute function catalog.note_touched('album', 't.owner_id', 't.folder_nos');
create trigger note_delete after delete on catalog.albums referencing old table as touched
  for each statement execute function catalog.note_touched('album', 't.owner_id', 't.folder_nos');
create trigger note_insert after insert on catalog.artists referencing new table as touched
  for each statement execute function catalog.note_touched('artist', 'null::uuid', 't.folder_nos');
create trigger note_update after update on catalog.artists referencing new table as touched
  for each statement execute function catalog.note_touched('artist', 'null::uuid', 't.folder_nos');
create trigger note_delete after delete on catalog.artists referencing old table as touched
  for each statement execute function catalog.note_touched('artist', 'null::uuid', 't.folder_nos');
create trigger note_titles after update on catalog.albums referencing old table as before new table as touched
  for each statement execute function catalog.note_titles();
create trigger note_names after update on catalog.artists referencing old table as before new table as touched
  for each statement execute function catalog.note_names();
create trigger note_insert after insert on catalog.song_facets referencing new table as touched
  for each statement execute function catalog.note_facets();
create trigger note_update after update on catalog.song_facets referencing new table as touched
  for each statement execute function catalog.note_facets();
create trigger note_covers after update on catalog.covers referencing old table as before new table as touched
  for each statement execute function catalog.note_covers();
create trigger note_insert after insert on catalog.song_artists referencing new table as touched
  for each statement execute function catalog.note_known_artists();
create trigger note_update after update on catalog.song_artists referencing new table as touched
  for each statement execute function catalog.note_known_artists();
create trigger note_insert after insert on catalog.album_artists referencing new table as touched
  for each statement execute function catalog.note_album_artists();
create trigger note_delete after delete on catalog.album_artists referencing old table as touched
  for each statement execute function catalog.note_album_artists();
create trigger count_insert after insert on catalog.songs referencing new table as touched
  for each statement execute function catalog.count_duplicates();
create trigger count_update after update on catalog.songs referencing old table as before new table as touched
  for each statement execute function catalog.count_duplicates();
create trigger count_delete after delete on catalog.songs referencing old table as touched
  for each statement execute function catalog.count_duplicates();
