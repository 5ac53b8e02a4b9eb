-- Lists can be entered far down (`offset`): rows are passed over inside the index alone when it also holds what decides
-- who sees a row, and the columns of its own expressions.

drop index catalog.songs_by_title;
create index songs_by_title on catalog.songs (sort_key, id) include (shelf, owner_id);
drop index catalog.songs_by_artist;
create index songs_by_artist on catalog.songs (artist_order, id) include (shelf, owner_id);
drop index catalog.songs_by_album;
create index songs_by_album on catalog.songs (album_order, id) include (shelf, owner_id);
drop index catalog.songs_by_year;
create index songs_by_year on catalog.songs (coalesce(year, 9999), id) include (year, shelf, owner_id);
drop index catalog.songs_by_year_desc;
create index songs_by_year_desc on catalog.songs (coalesce(year, 0), id) include (year, shelf, owner_id);
drop index catalog.songs_by_duration;
create index songs_by_duration on catalog.songs (duration_ms, id) include (shelf, owner_id);
create index songs_newest on catalog.songs (id) include (shelf, owner_id);
drop index catalog.songs_by_year_public;
create index songs_by_year_public on catalog.songs (coalesce(year, 9999), id) include (year, shelf) where shelf = 3;
drop index catalog.songs_by_year_desc_public;
create index songs_by_year_desc_public on catalog.songs (coalesce(year, 0), id) include (year, shelf) where shelf = 3;
drop index catalog.albums_by_title;
create index albums_by_title on catalog.albums (sort_key, id) include (shelf);
drop index catalog.albums_by_artist;
create index albums_by_artist on catalog.albums (artist_order, id) include (shelf);
drop index catalog.albums_by_year;
create index albums_by_year on catalog.albums (coalesce(year, 9999), id) include (year, shelf);
drop index catalog.albums_by_year_desc;
create index albums_by_year_desc on catalog.albums (coalesce(year, 0), id) include (year, shelf);
create index albums_newest on catalog.albums (id) include (shelf);
drop index catalog.albums_by_year_public;
create index albums_by_year_public on catalog.albums (coalesce(year, 9999), id) include (year) where shelf = 3;
drop index catalog.albums_by_year_desc_public;
create index albums_by_year_desc_public on catalog.albums (coalesce(year, 0), id) include (year) where shelf = 3;
drop index catalog.artists_by_name;
create index artists_by_name on catalog.artists (sort_key, id) include (shelf);
