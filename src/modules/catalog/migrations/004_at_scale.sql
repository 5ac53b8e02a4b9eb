-- Lists of a million songs: every order, every filter and every number of them in milliseconds.

-- What songs are filtered by --------------------------------------------------------------------------------------------
-- Where the music stands between unpleasant and pleasant, calm and excited, and the word for it; see mood.ts.
alter table catalog.song_facets add column valence real check (valence between 0 and 1);
alter table catalog.song_facets add column arousal real check (arousal between 0 and 1);
alter table catalog.song_facets add column mood text;

-- Copies of the facets, so that a list needs no second table; kept by a trigger. `key_no` goes round the Camelot wheel:
-- 1A 1, 1B 2, 2A 3 … 12B 24; `mood_no` is the place in MOODS of mood.ts, from 1 on.
alter table catalog.songs add column tempo real;
alter table catalog.songs add column energy real;
alter table catalog.songs add column key_no smallint;
alter table catalog.songs add column mood_no smallint;

create function catalog.key_no(camelot text) returns smallint immutable strict parallel safe language sql as $$
  select (left(camelot, -1)::int * 2 - case when right(camelot, 1) = 'A' then 1 else 0 end)::smallint
$$;
create function catalog.mood_no(mood text) returns smallint immutable strict parallel safe language sql as $$
  select array_position(array['happy', 'energetic', 'calm', 'romantic', 'sad', 'angry', 'fearful', 'surprised',
    'neutral'], mood)::smallint
$$;
-- Planned anew each time: a plan that was right for one song takes seconds for thousands, and the other way round.
create function catalog.copy_facets() returns trigger language plpgsql as $$
begin
  execute 'update catalog.songs s set tempo = f.tempo, energy = f.energy, key_no = catalog.key_no(f.camelot),
    mood_no = catalog.mood_no(f.mood)
  from touched f where s.id = f.song_id and (s.tempo, s.energy, s.key_no, s.mood_no)
    is distinct from (f.tempo, f.energy, catalog.key_no(f.camelot), catalog.mood_no(f.mood))';
  return null;
end $$;
create trigger copy_insert after insert on catalog.song_facets referencing new table as touched
  for each statement execute function catalog.copy_facets();
create trigger copy_update after update on catalog.song_facets referencing new table as touched
  for each statement execute function catalog.copy_facets();
drop index catalog.song_facets_by_tempo;
drop index catalog.song_facets_by_key;
drop index catalog.song_facets_by_energy;

-- One of 64 bits for each genre: who lacks the bit lacks the genre, so most rows are passed over without being read.
create function catalog.genre_bits(keys text[]) returns bigint immutable strict parallel safe language sql as $$
  select coalesce(bit_or(1::bigint << (hashtextextended(k, 0) & 63)::int), 0) from unnest(keys) as k
$$;
alter table catalog.songs add column genre_bits bigint not null generated always as (catalog.genre_bits(genre_keys)) stored;

-- Everything a song can be found by, as words of one index: it cuts any filters with each other, however rare or common.
-- Ranges are years from 1900 to 2100, what is beyond among them, steps of 5 BPM and twentieths of energy; `tokensOf` of store/narrow.ts makes the same.
create function catalog.song_tokens(genre_keys text[], tags text[], year smallint, tempo real, energy real,
    key_no smallint, mood_no smallint, lossless boolean) returns text[] immutable parallel safe language sql as $$
  select array_remove(array['y:' || least(greatest(year, 1900), 2100), 'b:' || floor(tempo / 5), 'e:' || floor(energy * 20), 'k:' || key_no,
      'm:' || mood_no, 'l:' || lossless], null)
    || array(select 'g:' || k from unnest(genre_keys) as k) || array(select 't:' || k from unnest(tags) as k)
$$;
drop index catalog.songs_by_genre;
drop index catalog.songs_by_tag;
create index songs_by_token on catalog.songs
  using gin (catalog.song_tokens(genre_keys, tags, year, tempo, energy, key_no, mood_no, lossless))
  -- What was just written is looked through row by row until it is sorted in: little of it.
  with (gin_pending_list_limit = 512);

-- The orders of lists -----------------------------------------------------------------------------------------------
-- Each index holds what decides who sees a row and what the commonest filters ask: a list is walked in it alone, and
-- rows are read only when they are answered.
do $$
declare
  facts constant text := 'genre_bits, tempo, energy, year, key_no, mood_no';
  orders text[][] := array[
    ['title', 'sort_key'], ['artist', 'artist_order'], ['album', 'album_order'],
    ['year', 'coalesce(year, 9999)'], ['year_desc', 'coalesce(year, 0)'], ['duration', 'duration_ms'],
    ['tempo', 'coalesce(tempo, 1000)'], ['tempo_desc', 'coalesce(tempo, 0)'],
    ['energy', 'coalesce(energy, 2)'], ['energy_desc', 'coalesce(energy, -1)'],
    -- Random order goes from one small stretch of this to another; see store/shuffle.ts.
    ['shuffle', 'uuid_hash_extended(id, 0)']];
  o text[];
begin
  foreach o slice 1 in array orders loop
    execute format('drop index if exists catalog.songs_by_%s', o[1]);
    execute format('drop index if exists catalog.songs_by_%s_public', o[1]);
    execute format('create index songs_by_%s on catalog.songs ((%s), id) include (%s, shelf, folder_no, owner_id)',
      o[1], o[2], facts);
    execute format('create index songs_by_%s_public on catalog.songs ((%s), id) include (%s, shelf) where shelf = 3',
      o[1], o[2], facts);
  end loop;
  drop index catalog.songs_newest, catalog.songs_newest_public;
  execute format('create index songs_newest on catalog.songs (id) include (%s, shelf, folder_no, owner_id)', facts);
  execute format('create index songs_newest_public on catalog.songs (id) include (%s, shelf) where shelf = 3', facts);

  orders := array[['by_title', 'sort_key, id'], ['by_artist', 'artist_order, id'],
    ['by_year', 'coalesce(year, 9999), id'], ['by_year_desc', 'coalesce(year, 0), id'], ['newest', 'id']];
  foreach o slice 1 in array orders loop
    execute format('drop index if exists catalog.albums_%s', o[1]);
    execute format('create index albums_%s on catalog.albums (%s) include (year, shelf, owner_id, folder_nos)', o[1], o[2]);
  end loop;
  drop index catalog.artists_by_name;
  create index artists_by_name on catalog.artists (sort_key, id) include (shelf, folder_nos);
end $$;

-- Numbers ---------------------------------------------------------------------------------------------------------------
-- How many songs, albums and artists there are on each shelf and in which folders, of each genre too, and whose they are
-- where only their owner sees them: exact, whoever writes. See store/tallies.ts.
create table catalog.tallies (
  kind        text not null check (kind in ('songs', 'albums', 'artists', 'genre songs', 'genre albums')),
  -- The genre, folded, and as it is spelled.
  key         text not null default '',
  name        text not null default '',
  shelf       smallint not null,
  folder_nos  smallint[] not null,
  -- All zeros: nobody's.
  owner_id    uuid not null,
  n           bigint not null,
  duration_ms bigint not null,
  primary key (kind, key, name, shelf, folder_nos, owner_id)
);
-- Nothing is told of what is no longer there, nor of whose it was.
create index tallies_empty on catalog.tallies (kind) where n = 0;
create index tallies_of_owner on catalog.tallies (owner_id, kind)
  where owner_id <> '00000000-0000-0000-0000-000000000000';

-- Arguments: the kind, its folders, its owner, its length, and the kind of its genres or nothing. What changes nothing
-- of a number writes nothing.
create function catalog.tally() returns trigger language plpgsql as $$
declare
  facts constant text := format($q$t.shelf, %s as folder_nos,
      coalesce(case when t.shelf = 1 then %s end, '00000000-0000-0000-0000-000000000000'::uuid) as owner_id,
      %s as duration_ms $q$, tg_argv[1], tg_argv[2], tg_argv[3])
    || case when tg_argv[4] = '' then '' else ', t.genres, t.genre_keys' end;
  changed constant text := case tg_op
    when 'INSERT' then format('select 1 as sign, %s from fresh t', facts)
    when 'DELETE' then format('select -1 as sign, %s from gone t', facts)
    else format('select 1 as sign, x.* from (select t.id, %1$s from fresh t except select t.id, %1$s from gone t) x
      union all select -1 as sign, x.* from (select t.id, %1$s from gone t except select t.id, %1$s from fresh t) x', facts)
    end;
begin
  execute format($q$
    with changed as materialized (%s)
    insert into catalog.tallies as x (kind, key, name, shelf, folder_nos, owner_id, n, duration_ms)
    select %L, '', '', t.shelf, t.folder_nos, t.owner_id, sum(t.sign) as n, sum(t.sign * t.duration_ms) as duration_ms
      from changed t where t.shelf >= 0 group by t.shelf, t.folder_nos, t.owner_id
      having sum(t.sign) <> 0 or sum(t.sign * t.duration_ms) <> 0
    %s
    on conflict (kind, key, name, shelf, folder_nos, owner_id)
      do update set n = x.n + excluded.n, duration_ms = x.duration_ms + excluded.duration_ms $q$,
    changed, tg_argv[0],
    case when tg_argv[4] = '' then '' else format($q$
      union all select %L, g.key, g.name, t.shelf, t.folder_nos, t.owner_id, sum(t.sign), 0
      from changed t, unnest(t.genre_keys, t.genres) as g(key, name) where t.shelf >= 0
      group by g.key, g.name, t.shelf, t.folder_nos, t.owner_id having sum(t.sign) <> 0 $q$, tg_argv[4]) end);
  delete from catalog.tallies where n = 0;
  return null;
end $$;
do $$
declare
  kinds constant text[][] := array[
    ['songs', 'array_remove(array[t.folder_no], null)', 't.owner_id', 't.duration_ms', 'genre songs'],
    ['albums', 't.folder_nos', 't.owner_id', '0', 'genre albums'],
    ['artists', 't.folder_nos', 'null::uuid', '0', '']];
  k text[];
  call text;
begin
  foreach k slice 1 in array kinds loop
    call := format('for each statement execute function catalog.tally(%L, %L, %L, %L, %L)', k[1], k[2], k[3], k[4], k[5]);
    execute format('create trigger tally_insert after insert on catalog.%I referencing new table as fresh %s', k[1], call);
    execute format('create trigger tally_update after update on catalog.%I referencing old table as gone new table as fresh
      %s', k[1], call);
    execute format('create trigger tally_delete after delete on catalog.%I referencing old table as gone %s', k[1], call);
  end loop;
end $$;
with facts as (
  select 'songs' as kind, shelf, array_remove(array[folder_no], null) as folder_nos, owner_id, duration_ms, genres,
    genre_keys from catalog.songs
  union all select 'albums', shelf, folder_nos, owner_id, 0, genres, genre_keys from catalog.albums
  union all select 'artists', shelf, folder_nos, null::uuid, 0, '{}'::text[], '{}'::text[] from catalog.artists),
shown as (
  select kind, shelf, folder_nos, duration_ms, genres, genre_keys,
    coalesce(case when shelf = 1 then owner_id end, '00000000-0000-0000-0000-000000000000'::uuid) as owner_id
  from facts where shelf >= 0)
insert into catalog.tallies (kind, key, name, shelf, folder_nos, owner_id, n, duration_ms)
  select kind, '', '', shelf, folder_nos, owner_id, count(*), sum(duration_ms) from shown
    group by kind, shelf, folder_nos, owner_id
  union all select 'genre ' || kind, g.key, g.name, shelf, folder_nos, owner_id, count(*), 0
    from shown, unnest(genre_keys, genres) as g(key, name) group by kind, g.key, g.name, shelf, folder_nos, owner_id;

-- Grows with every statement that may move a song within a list: what was measured of the lists before is measured again.
create table catalog.list_versions (
  of_what text primary key check (of_what in ('songs', 'facts')),
  version bigint not null default 0
);
insert into catalog.list_versions (of_what) values ('songs'), ('facts');
create function catalog.grow_version() returns trigger language plpgsql as $$
begin
  update catalog.list_versions set version = version + 1 where of_what = tg_argv[0];
  return null;
end $$;
create trigger lists_changed after insert or delete or update of sort_key, artist_order, album_order, year, duration_ms,
  is_public, is_visible, gone_at, owner_id, folder_no on catalog.songs
  for each statement execute function catalog.grow_version('songs');
create trigger facts_changed after update of tempo, energy on catalog.songs
  for each statement execute function catalog.grow_version('facts');

update catalog.songs s set tempo = f.tempo, energy = f.energy, key_no = catalog.key_no(f.camelot)
  from catalog.song_facets f where f.song_id = s.id and f.tempo is not null;
