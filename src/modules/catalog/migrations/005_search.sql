-- Search: words of the documents are kept by the database, whoever writes; mistyped ones are found by their first letter
-- and the set of their letters.

drop index catalog.words_by_gram;
alter table catalog.words drop column grams;
-- The set of a word's letters, a bit each; `lettersOf` of search/edits.ts counts them alike.
create function catalog.letters_of(word text) returns integer immutable strict parallel safe language sql as $$
  select coalesce(bit_or(1 << (ascii(c) % 31)), 0) from regexp_split_to_table(word, '') as c
$$;
alter table catalog.words add column letters integer not null generated always as (catalog.letters_of(word)) stored;
-- Every word of a first letter is looked at, in the index alone.
alter table catalog.words drop constraint words_pkey;
alter table catalog.words add primary key (word) include (letters);
-- Where the first letter is the mistyped one: `restOf` of search/edits.ts.
create index words_by_rest on catalog.words (substr(word, 2, 4));

-- Words of deleted songs stay: they tell nobody anything, and are found in no document.
create function catalog.keep_words_of_all() returns trigger language plpgsql as $$
begin
  insert into catalog.words (word)
    select distinct x.lexeme collate "C" from fresh, unnest(fresh.search) as x
    where length(x.lexeme) between 2 and 60
      and not exists (select from catalog.words w where w.word = x.lexeme collate "C")
    order by 1 on conflict (word) do nothing;
  return null;
end $$;
create function catalog.keep_words_of_one() returns trigger language plpgsql as $$
begin
  insert into catalog.words (word)
    select x.lexeme collate "C" from unnest(new.search) as x
    where length(x.lexeme) between 2 and 60
      and not exists (select from catalog.words w where w.word = x.lexeme collate "C")
    order by 1 on conflict (word) do nothing;
  return null;
end $$;
create trigger songs_words after insert on catalog.songs referencing new table as fresh
  for each statement execute function catalog.keep_words_of_all();
create trigger artists_words after insert on catalog.artists referencing new table as fresh
  for each statement execute function catalog.keep_words_of_all();
create trigger albums_words after insert on catalog.albums referencing new table as fresh
  for each statement execute function catalog.keep_words_of_all();
create trigger songs_words_changed after update of search on catalog.songs for each row
  when (old.search is distinct from new.search) execute function catalog.keep_words_of_one();
create trigger artists_words_changed after update of search on catalog.artists for each row
  when (old.search is distinct from new.search) execute function catalog.keep_words_of_one();
create trigger albums_words_changed after update of search on catalog.albums for each row
  when (old.search is distinct from new.search) execute function catalog.keep_words_of_one();

-- Nobody searches what is public, which may be little of a large library.
create index songs_search_public on catalog.songs using gin (search) where shelf = 3;
create index albums_search_public on catalog.albums using gin (search) where shelf = 3;
create index artists_search_public on catalog.artists using gin (search) where shelf = 3;
-- What was just written is looked through row by row until it is sorted in: little of it.
alter index catalog.songs_search set (gin_pending_list_limit = 512);
alter index catalog.songs_search_public set (gin_pending_list_limit = 512);
-- One letter begins many names: those with the most songs stand first.
create index artists_by_letter on catalog.artists (left(sort_key, 1), song_count desc);
-- The planner's list of common words is also ours (search/common.ts).
alter table catalog.songs alter column search set statistics 400;

-- Which version of the documents (search/rebuild.ts) the stored ones have, and how far their rebuilding is.
create table catalog.search_state (
  id       smallint primary key default 1 check (id = 1),
  version  integer not null,
  building integer,
  kind     text check (kind in ('artist', 'album', 'song')),
  after_id uuid
);
insert into catalog.search_state (id, version) values (1, 0);
