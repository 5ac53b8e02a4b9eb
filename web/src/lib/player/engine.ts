import { elementVolume } from './gain.ts'

export type Track = { key: string; url: string; gain: number }
export type EngineEvents = {
  /** The track that was preloaded took over by itself. */
  onAdvance(key: string): void
  /** The end, and nothing was preloaded. */
  onEnd(): void
  onChange(): void
  onFault(key: string): void
}
export type Engine = {
  load(track: Track, atSec: number, o: { play: boolean }): void
  preload(track: Track | null): void
  play(): void
  pause(): void
  stop(): void
  seek(sec: number): void
  setGain(key: string, gain: number): void
  setVolume(volume: number): void
  /** Position of what leaves the loudspeaker now, seconds: the element's clock less the way to the ear. */
  heardSec(): number
  positionSec(): number
  durationSec(): number
  bufferedSec(): number
  isPlaying(): boolean
  isWaiting(): boolean
  /** A live spectrum for visuals of tracks that have no frames yet; null before the first sound. */
  analyser(): AnalyserNode | null
}

type Deck = { element: HTMLAudioElement; node: GainNode | null; track: Track | null }

/** From here on the end is awaited with a timer instead of the element's own, late, `ended`. */
const END_WATCH_SEC = 1.5
/** How long an element takes from `play()` to sound, when it is loaded. */
const START_LEAD_SEC = 0.025
/** Gains glide this long, so that nothing clicks. */
const GLIDE_SEC = 0.015

const makeDeck = (): Deck => {
  const element = new Audio()
  element.preload = 'auto'
  return { element, node: null, track: null }
}

/** The graph: each deck → its track gain → volume → analyser → ear. Null where the browser has no Web Audio. */
function makeGraph(decks: readonly Deck[]) {
  if (typeof AudioContext === 'undefined') return null
  const context = new AudioContext({ latencyHint: 'playback' })
  const volume = context.createGain()
  const analyser = context.createAnalyser()
  analyser.fftSize = 2048
  analyser.smoothingTimeConstant = 0.6
  volume.connect(context.destination)
  for (const deck of decks) {
    const node = context.createGain()
    context.createMediaElementSource(deck.element).connect(node)
    node.connect(volume)
    node.connect(analyser)
    node.gain.value = deck.track?.gain ?? 1
    deck.node = node
  }
  return { context, volume, analyser }
}

/**
 * Two audio elements that take turns: while one plays, the other holds the next track, loaded and ready, and starts
 * in the moment the first one ends. Sound goes through Web Audio, because an element alone cannot lift a quiet track.
 */
export function makeEngine(events: EngineEvents): Engine {
  const decks: [Deck, Deck] = [makeDeck(), makeDeck()]
  let active: 0 | 1 = 0
  let graph: ReturnType<typeof makeGraph> | undefined
  let volume = 1
  let endTimer: ReturnType<typeof setTimeout> | undefined
  const deck = () => decks[active]
  const spare = () => decks[active === 0 ? 1 : 0]

  function applyGain(d: Deck): void {
    const gain = d.track?.gain ?? 1
    if (d.node && graph) d.node.gain.setTargetAtTime(gain, graph.context.currentTime, GLIDE_SEC)
    else d.element.volume = elementVolume(gain, volume)
  }
  /** Browsers let sound begin only from a touch or key, so the graph is made at the first play. */
  function ensureGraph(): void {
    if (graph === undefined) {
      try {
        graph = makeGraph(decks)
      } catch {
        graph = null
      }
      if (graph) {
        for (const d of decks) d.element.volume = 1
        graph.volume.gain.value = volume
      }
    }
    if (graph && graph.context.state !== 'running') void graph.context.resume().catch(() => undefined)
  }
  function start(d: Deck): void {
    ensureGraph()
    d.element.play().catch((thrown: unknown) => {
      if (thrown instanceof Error && thrown.name === 'NotAllowedError') events.onChange()
    })
  }
  function put(d: Deck, track: Track | null): void {
    d.track = track
    if (!track) {
      d.element.removeAttribute('src')
      return d.element.load()
    }
    d.element.src = track.url
    applyGain(d)
  }
  function advance(from: Deck): void {
    clearTimeout(endTimer)
    endTimer = undefined
    const next = spare()
    if (from !== deck()) return
    if (!next.track) return events.onEnd()
    active = active === 0 ? 1 : 0
    start(next)
    events.onAdvance(next.track.key)
  }
  function watchEnd(d: Deck): void {
    if (d !== deck() || endTimer !== undefined || d.element.paused || !spare().track) return
    const leftSec = d.element.duration - d.element.currentTime
    if (!(leftSec < END_WATCH_SEC)) return
    endTimer = setTimeout(() => {
      endTimer = undefined
      if (!d.element.paused && d.element.duration - d.element.currentTime < 0.25) advance(d)
    }, Math.max(0, leftSec - START_LEAD_SEC) * 1000)
  }
  for (const d of decks) {
    d.element.addEventListener('ended', () => advance(d))
    d.element.addEventListener('timeupdate', () => {
      watchEnd(d)
      if (d === deck()) events.onChange()
    })
    d.element.addEventListener('error', () => {
      if (!d.track || !d.element.getAttribute('src')) return
      if (d === deck()) events.onFault(d.track.key)
      else put(d, null)
    })
    for (const name of ['play', 'pause', 'playing', 'waiting', 'seeked', 'durationchange', 'progress'])
      d.element.addEventListener(name, () => void (d === deck() && events.onChange()))
  }

  return {
    load(track, atSec, o) {
      clearTimeout(endTimer)
      endTimer = undefined
      deck().element.pause()
      if (spare().track?.key === track.key && atSec === 0) active = active === 0 ? 1 : 0
      else put(deck(), track)
      put(spare(), null)
      if (atSec > 0) deck().element.currentTime = atSec
      if (o.play) start(deck())
      events.onChange()
    },
    preload(track) {
      if (spare().track?.key !== track?.key) put(spare(), track)
    },
    play: () => start(deck()),
    pause: () => deck().element.pause(),
    stop() {
      for (const d of decks) {
        d.element.pause()
        put(d, null)
      }
      events.onChange()
    },
    seek(sec) {
      clearTimeout(endTimer)
      endTimer = undefined
      deck().element.currentTime = sec
      events.onChange()
    },
    setGain(key, gain) {
      for (const d of decks)
        if (d.track?.key === key) {
          d.track.gain = gain
          applyGain(d)
        }
    },
    setVolume(next) {
      volume = next
      if (graph) graph.volume.gain.setTargetAtTime(next, graph.context.currentTime, GLIDE_SEC)
      else for (const d of decks) applyGain(d)
    },
    heardSec() {
      const latencySec = graph && graph.context.state === 'running' ? graph.context.outputLatency || graph.context.baseLatency : 0
      return Math.max(0, deck().element.currentTime - latencySec)
    },
    positionSec: () => deck().element.currentTime,
    durationSec: () => deck().element.duration,
    bufferedSec() {
      const { buffered, currentTime } = deck().element
      for (let i = 0; i < buffered.length; i++)
        if (buffered.start(i) <= currentTime + 0.5 && buffered.end(i) >= currentTime) return buffered.end(i)
      return 0
    },
    isPlaying: () => !deck().element.paused && !deck().element.ended,
    isWaiting: () => !deck().element.paused && deck().element.readyState < 3,
    analyser: () => graph?.analyser ?? null,
  }
}
