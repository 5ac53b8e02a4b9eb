import type { Song } from '#client/index.ts'

export type MediaKeys = {
  play(): void
  pause(): void
  next(): void
  previous(): void
  seekTo(sec: number): void
  seekBy(sec: number): void
}
const SEEK_STEP_SEC = 10

function bind(action: MediaSessionAction, run: (details: MediaSessionActionDetails) => void): void {
  try {
    navigator.mediaSession.setActionHandler(action, run)
  } catch {
    // A browser that does not know this action has the others still.
  }
}

/** Connects the keys of keyboards, headsets and lock screens. Does nothing where the browser has no media session. */
export function bindMediaKeys(keys: MediaKeys): void {
  if (!('mediaSession' in navigator)) return
  bind('play', () => keys.play())
  bind('pause', () => keys.pause())
  bind('stop', () => keys.pause())
  bind('nexttrack', () => keys.next())
  bind('previoustrack', () => keys.previous())
  bind('seekto', (d) => void (d.seekTime !== undefined && keys.seekTo(d.seekTime)))
  bind('seekforward', (d) => keys.seekBy(d.seekOffset ?? SEEK_STEP_SEC))
  bind('seekbackward', (d) => keys.seekBy(-(d.seekOffset ?? SEEK_STEP_SEC)))
}

/** Shows a song outside of the page. `coverAt` answers the address of its cover in a size. */
export function showSong(song: Song | null, coverAt: (sizePx: number) => string | null): void {
  if (!('mediaSession' in navigator)) return
  if (!song) {
    navigator.mediaSession.metadata = null
    return
  }
  const artwork = [128, 256, 512].flatMap((size) => {
    const src = coverAt(size)
    return src ? [{ src: new URL(src, location.href).href, sizes: `${size}x${size}` }] : []
  })
  navigator.mediaSession.metadata = new MediaMetadata({
    title: song.title,
    artist: song.artist,
    album: song.album?.title ?? '',
    artwork,
  })
}

export function showState(o: { playing: boolean; positionSec: number; durationSec: number }): void {
  if (!('mediaSession' in navigator)) return
  navigator.mediaSession.playbackState = o.playing ? 'playing' : 'paused'
  if (!(o.durationSec > 0) || !Number.isFinite(o.durationSec)) return
  const position = Math.min(Math.max(0, o.positionSec), o.durationSec)
  navigator.mediaSession.setPositionState?.({ duration: o.durationSec, position, playbackRate: 1 })
}
