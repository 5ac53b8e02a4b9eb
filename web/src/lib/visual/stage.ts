import type { Song } from '#client/index.ts'
import type { Engine } from '#lib/player/engine.ts'
import { artKey, coverOf } from '#lib/ui/art.ts'
import { hueFor } from '#lib/ui/drawn.ts'
import { type Palette, paletteOf } from './palette.ts'
import { drawPlain } from './plain.ts'
import { makeRenderer, type Renderer } from './renderer.ts'
import { HISTORY_ROWS, HISTORY_STEP_SEC, type Scene } from './scenes/index.ts'
import { BANDS, type Gains, makeClock, makeSignal, type Moment, PLAIN_GAINS } from './signal.ts'
import { liveSource, loadFrames, type Source } from './source.ts'

export type Stage = {
  setSong(song: Song): void
  setScene(scene: Scene): void
  setGains(gains: Gains): void
  readonly isPlain: boolean
  stop(): void
}

const COVER_PX = 512
const SILENT: Moment = {
  bands: new Uint8Array(BANDS),
  bandScale: 255,
  loudness: 0,
  kick: false,
  beatPhase: 0,
  barPhase: 0,
  section: 0,
}

async function coverImage(song: Song, signal: AbortSignal): Promise<ImageBitmap | null> {
  const src = coverOf('song', song, COVER_PX)
  if (!src) return null
  const response = await fetch(src, { signal })
  return response.ok ? createImageBitmap(await response.blob()) : null
}

type State = {
  readonly engine: Engine
  readonly canvas: HTMLCanvasElement
  renderer: Renderer | null
  readonly motion: ReturnType<typeof makeSignal>
  readonly clock: ReturnType<typeof makeClock>
  readonly history: Uint8Array
  readonly less: MediaQueryList
  source: Source | null
  /** The source is the server's frames, not the live spectrum. */
  hasFrames: boolean
  palette: Palette
  gains: Gains
  song: Song | null
  stopper: AbortController
  lastMs: number
}

async function ask(s: State, wanted: Song): Promise<void> {
  const { signal: giveUp } = s.stopper
  const found = await loadFrames(wanted.id, giveUp).catch(() => null)
  if (giveUp.aborted || !found) return
  s.source = found
  s.hasFrames = true
}

async function showCover(s: State, song: Song): Promise<void> {
  const { signal: giveUp } = s.stopper
  s.renderer?.setCover(null)
  const image = await coverImage(song, giveUp).catch(() => null)
  if (image && !giveUp.aborted) s.renderer?.setCover(image)
}

function setSong(s: State, next: Song): void {
  const isAnalysed = next.analysisStatus === 'completed'
  if (next.id === s.song?.id) {
    // It was analysed while it played: the real frames take over from the live spectrum.
    if (isAnalysed && !s.hasFrames) void ask(s, next)
    return
  }
  s.song = next
  s.stopper.abort()
  s.stopper = new AbortController()
  s.source = null
  s.hasFrames = false
  s.palette = paletteOf(next.coverColor, hueFor(artKey(next)))
  s.renderer?.setPalette(s.palette)
  void showCover(s, next)
  if (isAnalysed) void ask(s, next)
}

function draw(s: State, nowMs: number): void {
  const dtSec = Math.max(0, (nowMs - s.lastMs) / 1000)
  s.lastMs = nowMs
  const calm = s.less.matches
  const running = s.engine.isPlaying()
  const sec = s.clock(s.engine.heardSec(), dtSec, { running })
  s.source ??= liveSource(s.engine.analyser())
  s.motion.push(running && s.source ? s.source.at(sec) : SILENT, dtSec, { calm, gains: s.gains })
  // Whole steps of the past are fetched, the rest is a smooth shift: ridges walk, they do not hop.
  const steps = sec / HISTORY_STEP_SEC
  s.source?.history(s.history, Math.floor(steps) * HISTORY_STEP_SEC, HISTORY_STEP_SEC)
  if (s.renderer) s.renderer.draw(s.motion.signal, s.history, steps - Math.floor(steps), { calm })
  else drawPlain(s.canvas, s.motion.signal, s.palette)
}

function rendererOrNull(canvas: HTMLCanvasElement): Renderer | null {
  try {
    return makeRenderer(canvas)
  } catch {
    return null
  }
}

/** Everything between the player and the picture: frames of the song that plays, in step with what is heard. */
export function makeStage(canvas: HTMLCanvasElement, engine: Engine): Stage {
  const s: State = {
    engine,
    canvas,
    renderer: rendererOrNull(canvas),
    motion: makeSignal(),
    clock: makeClock(),
    history: new Uint8Array(BANDS * HISTORY_ROWS),
    less: matchMedia('(prefers-reduced-motion: reduce)'),
    source: null,
    hasFrames: false,
    palette: paletteOf(null, 40),
    gains: PLAIN_GAINS,
    song: null,
    stopper: new AbortController(),
    lastMs: performance.now(),
  }
  let frame = 0
  const loop = (nowMs: number) => {
    frame = requestAnimationFrame(loop)
    draw(s, nowMs)
  }
  frame = requestAnimationFrame(loop)
  return {
    isPlain: s.renderer === null,
    setSong: (song) => setSong(s, song),
    setScene: (scene) => s.renderer?.show(scene),
    setGains: (gains) => void (s.gains = gains),
    stop() {
      cancelAnimationFrame(frame)
      s.stopper.abort()
      s.renderer?.free()
    },
  }
}
