-- A kept transcode is now one making of an exact rendition: what its ETag says, and the bytes and CRC-32 of every piece
-- of it (two big-endian 32-bit numbers a piece). What was kept before is laid out otherwise; its blobs are swept.
delete from streaming.renditions;
alter table streaming.renditions add column version text not null;
alter table streaming.renditions add column pieces bytea not null;
