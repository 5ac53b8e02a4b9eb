-- How many blocks are how loud, from `block_floor_lufs` up by one LU each: what albums are measured by. Null of what was
-- analysed before this was kept.
alter table analysis.features add column block_floor_lufs smallint;
alter table analysis.features add column block_counts integer[];
