import type { Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { settings } from '#lib/settings/settings.svelte.ts'
import { readText, setOwner, writeText } from '#lib/storage.ts'
import { coverOf } from '#lib/ui/art.ts'
import { tell, tellFault } from '#lib/ui/toasts.svelte.ts'
import { kbpsOf } from './adaptive.ts'
import { badgeOf } from './badge.ts'
import { type Engine, makeEngine } from './engine.ts'
import { whyNot } from './faults.ts'
import { volumeGain } from './gain.ts'
import { bindMediaKeys, showSong, showState } from './media-session.ts'
import * as queue from './queue.ts'
import { keepQueue, rememberHeard, resumedQueue } from './resume.ts'
import { network } from './network.svelte.ts'
import { gainOf, qualityNow, trackOf } from './track.ts'
import { findWay, wayOf } from './ways.ts'

/** "Previous" goes back to the start of the song once this much was heard. */
const RESTART_AFTER_SEC = 3
const HEARD_AFTER_SEC = 15
const KEEP_EVERY_MS = 4000
/** How often the network is looked at, and how near to a border what lies ready for it is left alone. */
const LOOK_EVERY_MS = 2000
const LEAVE_SEC = 15
/** So many tracks in a row that cannot be played stop the queue. */
const FAULTS_MAX = 3

let q = $state.raw(queue.emptyQueue<Song>())
const now = $state({ playing: false, waiting: false, positionSec: 0, durationSec: 0, bufferedSec: 0, badge: '' })
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
    // What follows could not be held ready: now it is asked for, and its fault told.
    if (queue.following(q) >= 0) return player.jump(queue.following(q))
    readNow()
  },
  onChange: readNow,
  onFault: (key) => void handleFault(key),
  onStall: () => {
    if (settings.quality !== 'auto' || !network.stalled(song?.bitrateKbps ?? null)) return
    if (!followNetwork()) loadCurrent({ play: true, atSec: engine.positionSec() })
  },
  heard: (download) => {
    network.heard(download)
    lookAtNetwork()
  },
})

/** What plays is fetched in the quality of now after what lies ready of it, and so is what follows. Answers whether it can. */
function followNetwork(): boolean {
  const [track, next] = [trackOf(q, q.index, turn), following()]
  if (next) engine.change(next)
  const isChanged = track !== null && engine.change(track)
  afterQueue()
  return isChanged
}
const following = () => trackOf(q, queue.following(q), turn + 1, song ?? undefined)

let lookedMs = 0
/** Less is fetched at once; more from the next song on. */
function lookAtNetwork(): void {
  const nowMs = performance.now()
  if (settings.quality !== 'auto' || !song || !now.playing || nowMs - lookedMs < LOOK_EVERY_MS) return
  lookedMs = nowMs
  const before = kbpsNow()
  if (!network.look(song.bitrateKbps, now.bufferedSec - now.positionSec)) return
  if (kbpsNow() < before) followNetwork()
  else if (now.durationSec - now.positionSec > LEAVE_SEC) afterQueue()
}
const kbpsNow = () => kbpsOf(qualityNow(), song?.bitrateKbps ?? null)

/** What sounds, in few words. */
function badge(): string {
  if (!song) return ''
  const { url, bits } = engine.sounding()
  const asked = /[?&]quality=(low|medium|high)/.exec(url)?.[1] as 'low' | 'medium' | 'high' | undefined
  if (asked) return badgeOf({ codec: 'mp3', kbps: kbpsOf(asked, null), rateHz: null, bits: null })
  const way = wayOf(song)
  if (way?.url === url) return badgeOf({ codec: way.codec, kbps: way.kbps, rateHz: song.sampleRateHz, bits })
  return badgeOf({ codec: song.codec, kbps: song.bitrateKbps, rateHz: song.sampleRateHz, bits })
}

function readNow(): void {
  const fromSong = (song?.durationMs ?? 0) / 1000
  const measured = engine.durationSec()
  now.playing = engine.isPlaying()
  now.waiting = engine.isWaiting()
  now.positionSec = song ? engine.positionSec() : 0
  now.durationSec = Number.isFinite(measured) && measured > 0 ? measured : fromSong
  now.bufferedSec = engine.bufferedSec()
  now.badge = badge()
  lookAtNetwork()
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
  engine.preload(following())
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
  const track = trackOf(q, q.index, turn)
  if (!track) return
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
  if (qualityNow() === 'original' && (await findWay(entry.song))) {
    if (key === loadedKey) loadCurrent({ play: true, atSec })
    return
  }
  const why = await whyNot(entry.song, qualityNow())
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
  /** What plays: “FLAC 16/44.1”, “MP3 128”. */
  get badge() {
    return now.badge
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
      const track = trackOf(q, q.index, turn)
      if (track) engine.setGain(loadedKey, track.gain)
      afterQueue()
    }
  },
  /** A song is known better than before (analysed, say): what is shown and how loud it is follow. */
  refreshSong(fresh: Song) {
    q = { ...q, entries: q.entries.map((e) => (e.song.id === fresh.id ? { ...e, song: fresh } : e)) }
    if (song?.id === fresh.id)
      engine.setGain(
        loadedKey,
        gainOf(fresh, { before: q.entries[q.index - 1]?.song, after: q.entries[q.index + 1]?.song }),
      )
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
