import { sql } from 'kysely'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from '#modules/catalog/store/db.ts'
import { albumsInReach, artistsInReach, songsInReach } from '#modules/catalog/store/reach.ts'
import type { Change } from './contract.ts'

/** Numbers of the feed: the newest change, and that up to which "removed" is forgotten. */
export async function feedEnds(db: Db): Promise<{ newest: number; forgotten: number }> {
  const { rows } = await sql<{ newest: number; forgotten: number }>`
    select greatest((select max(seq) from catalog.changes), forgotten_seq) as newest, forgotten_seq as forgotten
    from catalog.feed_state`.execute(db)
  return rows[0] ?? { newest: 0, forgotten: 0 }
}

/** Whether the caller sees the thing of change `c` in lists now; as values, so that each costs one look into an index. */
const sees = (view: View): Sql<boolean> => sql`(c.what = 'changed' and coalesce(case c.kind
  when 'song' then (select true from catalog.songs t where t.id = c.thing_id and ${songsInReach(view, 'shelf')})
  when 'album' then (select true from catalog.albums t where t.id = c.thing_id and ${albumsInReach(view)})
  else (select true from catalog.artists t where t.id = c.thing_id and ${artistsInReach(view)}) end, false))`

/** Whether the caller may ever have seen it; of another's private things they are told nothing at all. */
function mayKnow(view: View, userId: string): Sql<boolean> {
  if (view.least === ACCESS.admins) return sql`c.shelf_max >= 0`
  return sql`(c.shelf_max = 3 or (c.shelf_max >= 1 and c.owner_id = ${userId}::uuid)
    or (c.shelf_max = 2 and (c.folder_nos = '{}' or not c.folder_nos <@ ${[...view.withheld]}::smallint[]))
    or (c.kind = 'artist' and exists (select from catalog.known_artists k
      where k.owner_id = ${userId}::uuid and k.artist_id = c.thing_id)))`
}

export type Noted = { seq: number; kind: Change['kind']; id: string; sees: boolean; mayKnow: boolean }
/** The changes after a number, in order, with what they are to the caller. */
export async function changesAfter(
  db: Db,
  o: { view: View; userId: string; seq: number; limit: number },
): Promise<Noted[]> {
  const { rows } = await sql<Noted>`
    select c.seq, c.kind, c.thing_id as id, ${sees(o.view)} as sees, ${mayKnow(o.view, o.userId)} as "mayKnow"
    from catalog.changes c where c.seq > ${o.seq} order by c.seq limit ${o.limit}`.execute(db)
  return rows
}

/** Forgets "removed" that is older than `keptDays`, `limit` at most; copies that did not hear of it begin anew. */
export async function forgetRemoved(db: Db, keptDays: number, limit: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with old as (select kind, thing_id from catalog.changes
        where what = 'removed' and at < now() - ${keptDays} * interval '1 day' order by at limit ${limit}),
      gone as (delete from catalog.changes c using old
        where c.kind = old.kind and c.thing_id = old.thing_id returning c.seq),
      told as (update catalog.feed_state set forgotten_seq = greatest(forgotten_seq, (select max(seq) from gone))
        where exists (select from gone))
    select count(*) as n from gone`.execute(db)
  return rows[0]?.n ?? 0
}
