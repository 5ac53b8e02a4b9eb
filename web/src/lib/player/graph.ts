/** What is to sound: `key` is its own for every turn in the queue, `gain` a factor. */
export type Track = { key: string; url: string; gain: number }
/** An audio element with the track that it holds; `node` is its gain once Web Audio runs. */
export type Deck = { element: HTMLAudioElement; node: GainNode | null; track: Track | null }
export type Graph = { context: AudioContext; volume: GainNode; analyser: AnalyserNode }

const FFT_SIZE = 2048
const ANALYSER_SMOOTHING = 0.6

export const makeDeck = (): Deck => {
  const element = new Audio()
  element.preload = 'auto'
  return { element, node: null, track: null }
}

/** Each deck → its track gain → volume → ear, and beside it → analyser. Null where the browser has no Web Audio. */
export function makeGraph(decks: readonly Deck[]): Graph | null {
  if (typeof AudioContext === 'undefined') return null
  const context = new AudioContext({ latencyHint: 'playback' })
  const volume = context.createGain()
  const analyser = context.createAnalyser()
  analyser.fftSize = FFT_SIZE
  analyser.smoothingTimeConstant = ANALYSER_SMOOTHING
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
