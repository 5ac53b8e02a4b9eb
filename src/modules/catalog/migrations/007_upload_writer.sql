-- The request that writes to the file of an upload; what another notes after it has begun does not count.
alter table catalog.uploads add column writer uuid;
