import type { Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { settings } from '#lib/settings/settings.svelte.ts'
import { readText, setOwner, writeText } from '#lib/storage.ts'
import { coverOf } from '#lib/ui/art.ts'
import { tell, tellFault } from '#lib/ui/toasts.svelte.ts'
import { type Engine, makeEngine } from './engine.ts'
import { whyNot } from './faults.ts'
import { volumeGain } from './gain.ts'
import { bindMediaKeys, showSong, showState } from './media-session.ts'
import * as queue from './queue.ts'
import { keepQueue, rememberHeard, resumedQueue } from './resume.ts'
import { gainOf, trackOf } from './track.ts'

/** "Previous" goes back to the start of the song once this much was heard. */
const RESTART_AFTER_SEC = 3
const HEARD_AFTER_SEC = 15
const KEEP_EVERY_MS = 4000
/** So many tracks in a row that cannot be played stop the queue. */
const FAULTS_MAX = 3

let q = $state.raw(queue.emptyQueue<Song>())
const now = $state({ playing: false, waiting: false, positionSec: 0, durationSec: 0, bufferedSec: 0 })
let volume = $state(Number(readText('volume') ?? 0.9))
let muted = $state(false)
let loadedKey = ''
let turn = 0
let faults = 0
let heardUid = 0

const song = $derived(queue.current(q)?.song ?? null)
const engine: Engine = makeEngine({
  onAdvance: (key) => {
    loadedKey = key
    turn += 1
    faults = 0
    q = queue.jump(q, queue.following(q))
    afterQueue()
  },
  onEnd: () => {
    now.playing = false
    readNow()
  },
  onChange: readNow,
  onFault: (key) => void handleFault(key),
})

function readNow(): void {
  const fromSong = (song?.durationMs ?? 0) / 1000
  const measured = engine.durationSec()
  now.playing = engine.isPlaying()
  now.waiting = engine.isWaiting()
  now.positionSec = song ? engine.positionSec() : 0
  now.durationSec = Number.isFinite(measured) && measured > 0 ? measured : fromSong
  now.bufferedSec = engine.bufferedSec()
  showState(now)
  const uid = queue.current(q)?.uid ?? 0
  if (song && uid !== heardUid && now.positionSec > HEARD_AFTER_SEC) {
    heardUid = uid
    faults = 0
    rememberHeard(song)
  }
  keepSoon()
}

let keepTimer: ReturnType<typeof setTimeout> | undefined
const keepNow = () => keepQueue(q, engine.positionSec() || now.positionSec)
function keepSoon(): void {
  keepTimer ??= setTimeout(() => {
    keepTimer = undefined
    keepNow()
  }, KEEP_EVERY_MS)
}

/** After any change of the queue: shows what plays, holds ready what follows. */
function afterQueue(): void {
  const next = q.entries[queue.following(q)]
  engine.preload(next && now.durationSec >= 0 ? trackOf(next, turn + 1) : null)
  const playing = song
  showSong(playing, (size) => (playing ? coverOf('song', playing, size) : null))
  readNow()
}

function loadCurrent(o: { play: boolean; atSec?: number }): void {
  const entry = queue.current(q)
  if (!entry) {
    engine.stop()
    return afterQueue()
  }
  turn += 1
  const track = trackOf(entry, turn)
  loadedKey = track.key
  engine.load(track, o.atSec ?? 0, { play: o.play })
  afterQueue()
}

/** Changes the queue, and what sounds only when another entry plays now. */
function change(next: queue.Queue<Song>, o: { play?: boolean } = {}): void {
  const before = queue.current(q)?.uid
  q = next
  if (queue.current(q)?.uid === before) afterQueue()
  else loadCurrent({ play: o.play ?? now.playing })
}

async function handleFault(key: string): Promise<void> {
  const entry = queue.current(q)
  if (!entry || key !== loadedKey) return
  const atSec = now.positionSec
  const why = await whyNot(entry.song, settings.quality)
  if (key !== loadedKey) return
  faults += 1
  if (why.tryAgain && faults === 1) return loadCurrent({ play: true, atSec })
  tellFault(new Error(why.sentence))
  if (faults >= FAULTS_MAX) return engine.stop()
  const after = queue.skipTarget(q)
  if (after >= 0 && after !== q.index) player.jump(after)
}

export const player = {
  get queue() {
    return q
  },
  get song() {
    return song
  },
  get playing() {
    return now.playing
  },
  get waiting() {
    return now.waiting
  },
  get positionSec() {
    return now.positionSec
  },
  get durationSec() {
    return now.durationSec
  },
  get bufferedSec() {
    return now.bufferedSec
  },
  get volume() {
    return muted ? 0 : volume
  },
  engine,
  /** Plays songs in place of the queue, from `songs[index]` on. */
  play(songs: readonly Song[], index = 0) {
    faults = 0
    q = queue.replaceAll(q, songs, index, Math.random)
    loadCurrent({ play: true })
  },
  playShuffled(songs: readonly Song[]) {
    q = queue.shuffle(
      queue.replaceAll({ ...q, natural: null }, songs, Math.floor(Math.random() * songs.length), Math.random),
      Math.random,
    )
    loadCurrent({ play: true })
  },
  playNext(songs: readonly Song[]) {
    if (!song) return player.play(songs)
    change(queue.playNext(q, songs))
    tell(songs.length === 1 ? `“${songs[0]?.title}” plays next.` : `${songs.length} songs play next.`)
  },
  add(songs: readonly Song[]) {
    if (!song) return player.play(songs)
    change(queue.append(q, songs))
    tell(songs.length === 1 ? `“${songs[0]?.title}” is in the queue.` : `${songs.length} songs are in the queue.`)
  },
  toggle() {
    if (!song) return
    if (engine.isPlaying()) engine.pause()
    else engine.play()
  },
  pause: () => engine.pause(),
  next() {
    const to = queue.skipTarget(q)
    if (to >= 0) player.jump(to)
  },
  previous() {
    if (engine.positionSec() > RESTART_AFTER_SEC || queue.backTarget(q) === q.index) engine.seek(0)
    else player.jump(queue.backTarget(q))
  },
  jump(index: number) {
    q = queue.jump(q, index)
    loadCurrent({ play: true })
  },
  seek(sec: number) {
    engine.seek(Math.min(Math.max(0, sec), Math.max(0, now.durationSec - 0.05)))
  },
  seekBy: (sec: number) => player.seek(engine.positionSec() + sec),
  setVolume(to: number) {
    volume = Math.min(1, Math.max(0, to))
    muted = false
    writeText('volume', volume.toFixed(3))
    engine.setVolume(volumeGain(volume))
  },
  toggleMute() {
    muted = !muted
    engine.setVolume(muted ? 0 : volumeGain(volume))
  },
  toggleShuffle: () => change(q.natural ? queue.unshuffle(q) : queue.shuffle(q, Math.random)),
  cycleRepeat: () => change(queue.setRepeat(q, queue.nextRepeat(q.repeat))),
  move: (from: number, to: number) => change(queue.move(q, from, to)),
  remove: (at: number) => change(queue.remove(q, at)),
  clearUpcoming: () => change(queue.clearUpcoming(q)),
  /** To be called when loudness matching or quality were changed. */
  settingsChanged(o: { reload: boolean }) {
    if (o.reload && song) loadCurrent({ play: now.playing, atSec: engine.positionSec() })
    else {
      const next = q.entries[queue.following(q)]
      if (song) engine.setGain(loadedKey, gainOf(song))
      if (next) engine.setGain(trackOf(next, turn + 1).key, gainOf(next.song))
    }
  },
  /** A song is known better than before (analysed, say): what is shown and how loud it is follow. */
  refreshSong(fresh: Song) {
    q = { ...q, entries: q.entries.map((e) => (e.song.id === fresh.id ? { ...e, song: fresh } : e)) }
    if (song?.id === fresh.id) engine.setGain(loadedKey, gainOf(fresh))
  },
}

/** Brings back the last visit's queue and connects keys. Call once, signed in. */
export async function startPlayer(): Promise<void> {
  engine.setVolume(volumeGain(volume))
  bindMediaKeys({
    play: () => engine.play(),
    pause: () => engine.pause(),
    next: player.next,
    previous: player.previous,
    seekTo: player.seek,
    seekBy: player.seekBy,
  })
  addEventListener('pagehide', keepNow)
  const resumed = await resumedQueue(client).catch(() => null)
  if (!resumed || song) return
  q = queue.setRepeat(queue.replaceAll(q, resumed.songs, resumed.index, Math.random), resumed.repeat)
  loadCurrent({ play: false, atSec: resumed.positionSec })
}

/** Keeps the place and falls silent: the person is leaving. */
export function stopPlayer(): void {
  clearTimeout(keepTimer)
  keepTimer = undefined
  if (song) keepNow()
  setOwner('')
  q = queue.emptyQueue()
  engine.stop()
}
