import type { Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { count } from '#lib/format.ts'
import { session } from '#lib/session/session.svelte.ts'
import { sentenceOf, tell, tellFault } from '#lib/ui/toasts.svelte.ts'

/** What is done to several songs at once is done to each: so many calls at a time. */
const AT_ONCE = 4

/** Runs `work` for each; answers how many it worked for, and the first thing thrown. */
async function eachOf<T>(
  things: readonly T[],
  work: (thing: T) => Promise<void>,
): Promise<{ done: number; fault: unknown }> {
  let done = 0
  let fault: unknown = null
  for (let i = 0; i < things.length; i += AT_ONCE) {
    const results = await Promise.allSettled(things.slice(i, i + AT_ONCE).map(work))
    for (const r of results) {
      if (r.status === 'fulfilled') done += 1
      else fault ??= r.reason
    }
  }
  return { done, fault }
}

/** What can be done to songs of the list; `replace` puts a song in its place, or takes it out. */
export function makeActs(o: { replace: (id: string, song: Song | null) => void; onmany: () => void }) {
  let busy = $state(false)
  async function run(
    songs: readonly Song[],
    work: (song: Song) => Promise<Song | null>,
  ): Promise<{ done: number; fault: unknown }> {
    busy = true
    try {
      return await eachOf(songs, async (song) => o.replace(song.id, await work(song)))
    } finally {
      busy = false
    }
  }
  return {
    get busy() {
      return busy
    },
    get mayPublish() {
      return session.user?.role === 'artist' || session.isAdmin
    },
    async publish(songs: readonly Song[], isPublic: boolean): Promise<void> {
      const wanted = songs.filter((s) => s.isPublic !== isPublic)
      const { done, fault } = await run(wanted, (s) => client.songs.setSongVisibility({ id: s.id, isPublic }))
      if (fault) tellFault(fault)
      else if (done === 0) tell(isPublic ? 'They are public already.' : 'They are private already.')
      else
        tell(
          isPublic
            ? `${count(done, 'song')} published: anyone can hear ${done === 1 ? 'it' : 'them'} now.`
            : `${count(done, 'song')} only yours again.`,
        )
    },
    async remove(songs: readonly Song[]): Promise<void> {
      const { done, fault } = await run(songs, async (s) => {
        await client.songs.deleteSong({ id: s.id })
        return null
      })
      if (fault)
        throw new Error(
          done > 0 ? `${count(done, 'song')} deleted, not the others. ${sentenceOf(fault)}` : sentenceOf(fault),
        )
      tell(`${count(done, 'song')} deleted.`)
      if (songs.length > AT_ONCE) o.onmany()
    },
  }
}
