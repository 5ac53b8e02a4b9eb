import type { Kind } from './source.ts'

/** Who plays: what each is known to play where it does not say so itself. */
export const CLIENTS = ['browser', 'firefox', 'safari', 'ios', 'android', 'chromecast', 'other'] as const
export type Client = (typeof CLIENTS)[number]

/** Pairs `container/codec`, and the names of ways to stream. */
export type Abilities = ReadonlySet<string>
export const canPlay = (abilities: Abilities, { container, codec }: Kind): boolean =>
  abilities.has(`${container}/${codec}`)

/** What a bare codec name stands for: its usual containers. */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  mp3: ['mp3/mp3'],
  aac: ['mp4/aac', 'aac/aac'],
  alac: ['mp4/alac'],
  opus: ['ogg/opus', 'matroska/opus'],
  vorbis: ['ogg/vorbis', 'matroska/vorbis'],
  flac: ['flac/flac'],
  wav: ['wav/pcm'],
  pcm: ['wav/pcm'],
  aiff: ['aiff/pcm'],
  hls: ['hls'],
  dash: ['dash'],
}
/** Containers by media type, and what is in one whose codecs are not named. */
const TYPES: Readonly<Record<string, { container: string; codecs: readonly string[] }>> = {
  'audio/mpeg': { container: 'mp3', codecs: ['mp3'] },
  'audio/mp3': { container: 'mp3', codecs: ['mp3'] },
  'audio/mp4': { container: 'mp4', codecs: ['aac'] },
  'audio/x-m4a': { container: 'mp4', codecs: ['aac'] },
  'audio/aac': { container: 'aac', codecs: ['aac'] },
  'audio/aacp': { container: 'aac', codecs: ['aac'] },
  'audio/ogg': { container: 'ogg', codecs: ['vorbis', 'opus'] },
  'audio/webm': { container: 'matroska', codecs: ['vorbis', 'opus'] },
  'audio/x-matroska': { container: 'matroska', codecs: ['vorbis', 'opus', 'flac'] },
  'audio/flac': { container: 'flac', codecs: ['flac'] },
  'audio/x-flac': { container: 'flac', codecs: ['flac'] },
  'audio/wav': { container: 'wav', codecs: ['pcm'] },
  'audio/wave': { container: 'wav', codecs: ['pcm'] },
  'audio/x-wav': { container: 'wav', codecs: ['pcm'] },
  'audio/vnd.wave': { container: 'wav', codecs: ['pcm'] },
  'audio/aiff': { container: 'aiff', codecs: ['pcm'] },
  'audio/x-aiff': { container: 'aiff', codecs: ['pcm'] },
}
const STREAMS: Readonly<Record<string, string>> = {
  'application/vnd.apple.mpegurl': 'hls',
  'application/x-mpegurl': 'hls',
  'audio/mpegurl': 'hls',
  'audio/x-mpegurl': 'hls',
  'application/dash+xml': 'dash',
}
/** `codecs` of RFC 6381 in our words. */
const CODECS: readonly (readonly [RegExp, string])[] = [
  [/^mp4a\.(?:69|6b|40\.34)$/i, 'mp3'],
  [/^(?:mp4a|aac)/i, 'aac'],
  [/^(?:mp3|mpeg)$/i, 'mp3'],
  [/^opus$/i, 'opus'],
  [/^vorbis$/i, 'vorbis'],
  [/^flac$/i, 'flac'],
  [/^alac$/i, 'alac'],
  [/^(?:pcm|1)$/i, 'pcm'],
]

/** Commas within the quotes of `codecs="…"` part nothing. */
const ITEM = /(?:[^,"]|"[^"]*")+/g

/** `mp3, opus, audio/mp4; codecs="mp4a.40.2"`: bare names and media types; what is not known counts as not said. */
export function readAbilities(text: string): Set<string> {
  const items = (text.match(ITEM) ?? []).map((item) => item.trim().toLowerCase())
  return new Set(items.flatMap((item) => (item.includes('/') ? ofType(item) : (USUAL[item] ?? []))))
}

function ofType(item: string): string[] {
  const [type = '', ...parameters] = item.split(';').map((part) => part.trim())
  const stream = STREAMS[type]
  if (stream) return [stream]
  const known = TYPES[type]
  if (!known) return []
  const named = parameters
    .find((p) => p.startsWith('codecs='))
    ?.slice('codecs='.length)
    .replaceAll('"', '')
  const codecs = named === undefined ? known.codecs : named.split(',').flatMap((name) => codecNamed(name.trim()))
  return codecs.map((codec) => `${known.container}/${codec}`)
}
const codecNamed = (name: string): string[] => {
  const codec = CODECS.find(([pattern]) => pattern.test(name))?.[1]
  return codec ? [codec] : []
}

const chromium = 'mp3, aac, opus, vorbis, flac, wav, audio/mp4; codecs="flac,opus", audio/ogg; codecs=flac'
const apple = 'mp3, aac, alac, flac, wav, aiff, audio/mp4; codecs=flac, hls'
/** Each as it comes from the shop, without extensions; only what all versions in use play. */
const KNOWN: Readonly<Record<Client, Abilities>> = {
  browser: readAbilities(chromium),
  firefox: readAbilities(chromium),
  safari: readAbilities(apple),
  ios: readAbilities(apple),
  android: readAbilities(`${chromium}, hls, dash`),
  chromecast: readAbilities('mp3, aac, opus, vorbis, flac, wav, audio/mp4; codecs=flac, hls, dash'),
  other: readAbilities('mp3, aac'),
}
export const abilitiesOf = (client: Client): Abilities => KNOWN[client]

const AGENTS: readonly (readonly [RegExp, Client])[] = [
  [/CrKey/, 'chromecast'],
  [/AppleCoreMedia|iPhone|iPad|iPod/, 'ios'],
  [/Firefox\//, 'firefox'],
  [/Chrome\/|Chromium\/|Edg\//, 'browser'],
  [/ExoPlayer|Media3|Android/, 'android'],
  [/Safari\//, 'safari'],
]
/** Who that is, by its `User-Agent`. */
export const clientOf = (userAgent: string | undefined): Client =>
  AGENTS.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1] ?? 'other'
