-- How loud songs and albums are, what pictures look like before they are there, and pictures of artists.

-- Loudness -----------------------------------------------------------------------------------------------------------
-- What the file says: ReplayGain 2 against −18 LUFS, peaks in dB of full scale. Serves where nothing was measured.
alter table catalog.songs add column tag_gain_db real;
alter table catalog.songs add column tag_peak_db real;
alter table catalog.songs add column tag_album_gain_db real;
alter table catalog.songs add column tag_album_peak_db real;
-- Of all songs of an album together, and of the public ones; null until every one of them has been measured.
alter table catalog.albums add column loudness_lufs real;
alter table catalog.albums add column true_peak_dbtp real;
alter table catalog.albums add column public_loudness_lufs real;
alter table catalog.albums add column public_true_peak_dbtp real;

-- Of analysis: how many blocks of the song are how loud, from `block_floor_lufs` up by one LU each.
alter table catalog.song_facets add column block_floor_lufs smallint;
alter table catalog.song_facets add column block_counts integer[];

-- Loudness is energy: that of an album is the mean power of the blocks of all its songs, of those that are not more than
-- 10 LU below the mean of all (the gate of ITU-R BS.1770). A song whose blocks are not known counts as blocks of its own
-- loudness all along. Where songs were not measured and the tags of all of them agree on the album, the tags are right.
-- Notes the songs of albums that changed.
-- One album at a time, so that one plan is right for all; null where a song of it was not measured yet.
create function catalog.album_loudness(wanted uuid, only_public boolean, out lufs real, out peak real)
  language plpgsql stable set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  found record;
begin
  with members as (
    select s.id, s.duration_ms, s.tag_gain_db, s.tag_peak_db, s.tag_album_gain_db, s.tag_album_peak_db
      from catalog.songs s join catalog.albums al on al.id = s.album_id
      where s.album_id = wanted and al.owner_id is null and s.shelf >= case when only_public then 3 else 2 end
    union all
    -- Of a public album the public songs; of a private one what its owner sees.
    select s.id, s.duration_ms, s.tag_gain_db, s.tag_peak_db, s.tag_album_gain_db, s.tag_album_peak_db
      from catalog.albums al join catalog.album_songs m on m.album_id = al.id join catalog.songs s on s.id = m.song_id
      where al.id = wanted and al.owner_id is not null and (s.shelf = 3 or (not only_public and not al.is_public
        and (s.shelf >= 2 or (s.owner_id = al.owner_id and s.shelf >= 1))))),
  heard as materialized (
    select greatest(m.duration_ms, 1)::float8 as ms,
      coalesce(f.state in ('completed', 'failed'), false) or m.tag_gain_db is not null as is_over,
      f.loudness_lufs is not null or coalesce(f.state = 'completed', false) as is_analysed,
      coalesce(f.loudness_lufs, -18 - m.tag_gain_db)::float8 as lufs,
      case when f.loudness_lufs is null then m.tag_peak_db else f.true_peak_dbtp end as peak,
      m.tag_album_gain_db as tag_gain, m.tag_album_peak_db as tag_peak, f.block_floor_lufs as floor, f.block_counts as counts
    from members m left join catalog.song_facets f on f.song_id = m.id),
  whole as materialized (
    select not bool_and(h.is_analysed) and count(h.tag_gain) = count(*) and max(h.tag_gain) - min(h.tag_gain) < 0.1 as is_told,
      -18 - avg(h.tag_gain) as told_lufs, case when count(h.tag_peak) = count(*) then max(h.tag_peak) end as told_peak,
      case when count(h.peak) filter (where h.lufs is not null) = count(h.lufs) then max(h.peak) end as peak
    from heard h having bool_and(h.is_over)),
  blocks as materialized (
    select power(10::float8, (h.floor + b.no)::float8 / 10 - 0.05) as power, b.n::float8 as n
      from whole w, heard h, unnest(h.counts) with ordinality as b(n, no) where not w.is_told and b.n > 0
    union all
    select power(10::float8, h.lufs / 10), h.ms / 100 from whole w, heard h
      where not w.is_told and h.counts is null and h.lufs is not null)
  select w.*, (select 10 * log(sum(b.power * b.n) / sum(b.n)) from blocks b
      where b.power >= (select sum(x.power * x.n) / sum(x.n) from blocks x) / 10) as lufs into found from whole w;
  lufs := round((case when found.is_told then found.told_lufs else found.lufs end)::numeric, 2);
  peak := round((case when found.is_told then found.told_peak else found.peak end)::numeric, 2);
end $$;
create function catalog.measure_albums(ids uuid[]) returns void language plpgsql set enable_seqscan = off as $$
declare changed uuid[];
begin
  with fresh as materialized (
    select i.id, a.lufs, a.peak, p.lufs as public_lufs, p.peak as public_peak from unnest(ids) as i(id),
      catalog.album_loudness(i.id, false) a, catalog.album_loudness(i.id, true) p),
  written as (
    update catalog.albums al set loudness_lufs = x.lufs, true_peak_dbtp = x.peak,
      public_loudness_lufs = x.public_lufs, public_true_peak_dbtp = x.public_peak
    from fresh x where al.id = x.id
      and (al.loudness_lufs, al.true_peak_dbtp, al.public_loudness_lufs, al.public_true_peak_dbtp)
        is distinct from (x.lufs, x.peak, x.public_lufs, x.public_peak)
    returning al.id)
  select array(select id from written) into changed;
  if changed <> '{}' then
    perform catalog.note_again('song', array(select id from catalog.songs where album_id = any(changed)));
  end if;
end $$;
select catalog.measure_albums(array(select distinct s.album_id from catalog.song_facets f
  join catalog.songs s on s.id = f.song_id where s.album_id is not null and f.loudness_lufs is not null));

-- Pictures -----------------------------------------------------------------------------------------------------------
alter table catalog.covers add column blurhash text check (length(blurhash) between 6 and 100);
-- {dominant, vibrant, dark, light, text}, each #rrggbb.
alter table catalog.covers add column palette jsonb;
-- By which version of the program it was looked at; see scan/looks.ts.
alter table catalog.covers add column look smallint not null default 0;
create index covers_by_look on catalog.covers (look, hash) where state = 'ok';

-- Pictures of artists: that which an admin chose, else that in the folder of the artist, else that of an album.
alter table catalog.artists add column own_cover_hash text references catalog.covers;
alter table catalog.artists add column folder_cover_hash text;
-- The music folder in which it lies: who may not open that does not see it.
alter table catalog.artists add column folder_cover_no smallint;
create index artists_by_own_cover on catalog.artists (own_cover_hash) where own_cover_hash is not null;
create index artists_by_folder_cover on catalog.artists (folder_cover_hash) where folder_cover_hash is not null;
-- `artist.jpg` and the like as they were found, one a directory; `artist_id`: whose songs lie at and below it.
create table catalog.artist_pictures (
  folder_id  uuid not null references catalog.folders on delete cascade,
  dir        bytea not null,
  name       bytea not null,
  size_bytes bigint not null,
  mtime_us   bigint not null,
  -- Null: it could not be read.
  hash       text,
  artist_id  uuid references catalog.artists on delete set null,
  primary key (folder_id, dir)
);
create index artist_pictures_of_artist on catalog.artist_pictures (artist_id) where artist_id is not null;

create or replace function catalog.note_covers() returns trigger language plpgsql set enable_seqscan = off as $$
declare
  shown text[];
  song_ids uuid[];
begin
  execute $q$ select array(select n.hash from touched n join before o using (hash)
    where (n.state, n.color, n.blurhash, n.palette) is distinct from (o.state, o.color, o.blurhash, o.palette)
      and 'ok' in (n.state, o.state)) $q$ into shown;
  if shown = '{}' then return null; end if;
  song_ids := array(select id from catalog.songs where cover_hash = any(shown));
  perform catalog.note_again('song', song_ids);
  perform catalog.note_again('album', array(
    select album_id from catalog.songs where id = any(song_ids) and album_id is not null
    union select album_id from catalog.album_songs where song_id = any(song_ids)
    union select id from catalog.albums where own_cover_hash = any(shown)));
  perform catalog.note_again('artist', array(
    select distinct artist_id from catalog.song_artists where song_id = any(song_ids)
    union select id from catalog.artists where own_cover_hash = any(shown) or folder_cover_hash = any(shown)));
  return null;
end $$;
