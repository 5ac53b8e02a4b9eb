import { SvelteMap } from 'svelte/reactivity'
import type { AnalysisQueue, Pushes, ScanState } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { player } from '#lib/player/player.svelte.ts'
import { checkSession } from '#lib/session/session.svelte.ts'
import { uploadPushed } from '#lib/upload/uploads.svelte.ts'

/** What the server tells by itself while the app is open. */
export const live: { scan: ScanState | null; analysis: AnalysisQueue | null; connected: boolean } = $state({
  scan: null,
  analysis: null,
  connected: false,
})
/** What the analysis found while the app is open, for songs that lists were read before. */
export const heardFacts = new SvelteMap<string, Pushes['analysis:ready']>()
const HEARD_FACTS_MAX = 5000

/** Grows whenever the library is another than before: lists that read it are read again. */
export const libraryVersion = $state({ songs: 0, folders: 0 })

/** A scan changes the library many times a second; lists follow it at this pace. */
const FOLLOW_EVERY_MS = 1500
let followTimer: ReturnType<typeof setTimeout> | undefined
const follow = (kind: Pushes['library:changed']['kind']) => {
  if (kind === 'folders') libraryVersion.folders += 1
  followTimer ??= setTimeout(() => {
    followTimer = undefined
    libraryVersion.songs += 1
  }, FOLLOW_EVERY_MS)
}

const LEARN_TRIES = 5
const LEARN_EVERY_MS = 800
/** Songs hear of their analysis a moment after we do: asks until they know. */
async function learnOf(songId: string): Promise<void> {
  for (let i = 0; i < LEARN_TRIES; i++) {
    if (!player.queue.entries.some((e) => e.song.id === songId)) return
    const fresh = await client.songs.getSong({ id: songId })
    if (fresh.analysisStatus === 'completed') return player.refreshSong(fresh)
    await new Promise((resolve) => setTimeout(resolve, LEARN_EVERY_MS))
  }
}
/** A list read before the analysis may start a song after it: then its waveform and frames are there, unknown to it. */
const followPlayed = () =>
  $effect.root(() => {
    $effect(() => {
      const { song } = player
      if (song && song.analysisStatus !== 'completed' && heardFacts.has(song.id))
        learnOf(song.id).catch(() => undefined)
    })
  })

async function readState(): Promise<void> {
  const [status, queue] = await Promise.all([client.library.getLibraryStatus(), client.analysis.getQueue()])
  live.scan = status.scan
  live.analysis = queue
}

/** Opens the socket; loaded apart from the rest, so that the first picture does not wait for it. */
export async function startLive(): Promise<() => void> {
  const { connectRealtime } = await import('#client/realtime.ts')
  const realtime = connectRealtime(client.session)
  let wasCut = false
  realtime.onConnect(() => {
    live.connected = true
    readState().catch(() => undefined)
    // Perhaps it was cut because the account changed: another role, another name.
    if (wasCut) checkSession().catch(() => undefined)
  })
  realtime.onDisconnect(() => {
    live.connected = false
    wasCut = true
  })
  realtime.on('upload:progress', uploadPushed)
  realtime.on('library:progress', (scan) => void (live.scan = scan))
  realtime.on('library:changed', ({ kind }) => follow(kind))
  realtime.on('analysis:progress', (queue) => void (live.analysis = queue))
  realtime.on('analysis:ready', (facts) => {
    if (heardFacts.size < HEARD_FACTS_MAX) heardFacts.set(facts.songId, facts)
    learnOf(facts.songId).catch(() => undefined)
  })
  const stopFollowing = followPlayed()
  return () => {
    stopFollowing()
    clearTimeout(followTimer)
    followTimer = undefined
    realtime.close()
  }
}
