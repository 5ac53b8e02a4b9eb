import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { abilitiesOf, type Client, CLIENTS, clientOf, readAbilities } from './abilities.ts'
import { type Decision, decide, NETWORKS, type Playable, REASONS, type Wish } from './decide.ts'
import { COPY_CONTAINERS as copyContainers, copyTargets } from '../renditions/copies/kinds.ts'
import { describeSource } from './source.ts'

const CODECS = ['mp3', 'aac', 'opus', 'flac', 'wav'] as const
const SOURCES = {
  mp3: { container: 'mp3', codec: 'mp3', kbps: 320 },
  m4a: { container: 'mp4', codec: 'aac', kbps: 256 },
  adts: { container: 'aac', codec: 'aac', kbps: 128 },
  alac: { container: 'mp4', codec: 'alac', kbps: 900 },
  flac: { container: 'flac', codec: 'flac', kbps: 950 },
  oggFlac: { container: 'ogg', codec: 'flac', kbps: 950 },
  opus: { container: 'ogg', codec: 'opus', kbps: 96 },
  vorbis: { container: 'ogg', codec: 'vorbis', kbps: 160 },
  wav: { container: 'wav', codec: 'PCM', kbps: 1411 },
  aiff: { container: 'aiff', codec: 'PCM', kbps: 1411 },
  wma: { container: 'asf', codec: 'wma', kbps: 192 },
  ape: { container: 'ape', codec: 'ape', kbps: 800 },
  wavpack: { container: 'wavpack', codec: 'wavpack', kbps: 850 },
  webm: { container: 'matroska', codec: 'opus', kbps: 130 },
  mkaFlac: { container: 'matroska', codec: 'flac', kbps: 950 },
} as const
type SourceName = keyof typeof SOURCES
const playable = (name: SourceName): Playable => ({ ...describeSource(SOURCES[name]), kbps: SOURCES[name].kbps })
const wish = (client: string, more: Partial<Wish> = {}): Wish => ({
  abilities: (CLIENTS as readonly string[]).includes(client) ? abilitiesOf(client as Client) : readAbilities(client),
  maxKbps: undefined,
  network: undefined,
  lossless: undefined,
  gainDb: 0,
  codecs: CODECS,
  copies: [],
  ...more,
})
const copies = (name: SourceName) => copyTargets(describeSource(SOURCES[name]))

/** `mp3-320`, `original`, `copy-mp4`, or `-` when there is no one file. */
function streamed({ stream }: Decision): string {
  if (stream === undefined) return '-'
  if (stream === 'original') return stream
  return 'copy' in stream ? `copy-${stream.copy}` : `${stream.format}-${stream.kbps}`
}

type Case = readonly [SourceName, string, Partial<Wish>, string]
const wanted = 'wanted' as const
const declined = 'declined' as const
/** Who plays what: the decision, its reason, what is streamed as one file, and which address suits best. */
const TABLE: readonly Case[] = [
  // A browser plays nearly everything that people have.
  ['mp3', 'browser', {}, 'original plays_as_is original stream'],
  ['m4a', 'browser', {}, 'original plays_as_is original stream'],
  ['adts', 'browser', {}, 'original plays_as_is original stream'],
  ['flac', 'browser', {}, 'original plays_as_is original stream'],
  ['oggFlac', 'browser', {}, 'original plays_as_is original stream'],
  ['vorbis', 'firefox', {}, 'original plays_as_is original stream'],
  ['opus', 'browser', {}, 'original plays_as_is original stream'],
  ['wav', 'browser', {}, 'original plays_as_is original stream'],
  ['alac', 'browser', {}, 'transcode codec_not_played opus-256 stream'],
  ['aiff', 'browser', {}, 'transcode container_not_played opus-256 stream'],
  ['wma', 'browser', {}, 'transcode codec_not_played opus-256 stream'],
  ['ape', 'browser', {}, 'transcode codec_not_played opus-256 stream'],
  ['alac', 'browser', { lossless: wanted }, 'transcode codec_not_played wav-1536 stream'],
  ['wavpack', 'browser', { codecs: ['mp3'] }, 'transcode codec_not_played mp3-320 stream'],
  // An iPhone knows Apple's formats, and no Ogg.
  ['alac', 'ios', {}, 'original plays_as_is original stream'],
  ['flac', 'ios', {}, 'original plays_as_is original stream'],
  ['aiff', 'ios', {}, 'original plays_as_is original stream'],
  ['vorbis', 'ios', {}, 'transcode codec_not_played mp3-320 stream'],
  ['opus', 'ios', {}, 'transcode codec_not_played mp3-128 stream'],
  ['vorbis', 'ios', { network: 'cellular' }, 'transcode codec_not_played mp3-128 hls'],
  ['oggFlac', 'safari', {}, 'remux container_not_played copy-flac stream'],
  ['mkaFlac', 'safari', {}, 'remux container_not_played copy-flac stream'],
  ['mkaFlac', 'safari', { copies: [] }, 'transcode container_not_played mp3-320 stream'],
  ['mkaFlac', 'safari', { lossless: declined }, 'transcode container_not_played mp3-320 stream'],
  ['mkaFlac', 'safari', { gainDb: -3 }, 'transcode container_not_played mp3-320 stream'],
  ['mkaFlac', 'safari', { network: 'cellular' }, 'transcode container_not_played mp3-128 hls'],
  ['alac', 'ios', { network: 'cellular' }, 'transcode network_limit mp3-128 hls'],
  ['alac', 'ios', { network: 'wifi' }, 'original plays_as_is original stream'],
  // A Chromecast.
  ['flac', 'chromecast', {}, 'original plays_as_is original stream'],
  ['alac', 'chromecast', {}, 'transcode codec_not_played opus-256 stream'],
  ['aiff', 'chromecast', { lossless: wanted }, 'transcode container_not_played wav-1536 stream'],
  ['opus', 'android', {}, 'original plays_as_is original stream'],
  // Limits of the player and of the line.
  ['mp3', 'browser', { maxKbps: 320 }, 'original plays_as_is original stream'],
  ['mp3', 'browser', { maxKbps: 319 }, 'transcode bitrate_limit opus-256 stream'],
  ['mp3', 'browser', { maxKbps: 128 }, 'transcode bitrate_limit opus-128 stream'],
  ['mp3', 'browser', { maxKbps: 20 }, 'transcode bitrate_limit opus-64 stream'],
  ['mp3', 'browser', { network: 'metered' }, 'transcode network_limit opus-128 stream'],
  ['mp3', 'browser', { network: 'slow' }, 'transcode network_limit opus-64 stream'],
  ['opus', 'browser', { network: 'metered' }, 'original plays_as_is original stream'],
  ['flac', 'browser', { network: 'ethernet' }, 'original plays_as_is original stream'],
  ['flac', 'android', { network: 'slow' }, 'transcode network_limit opus-64 hls'],
  ['flac', 'browser', { network: 'cellular', lossless: wanted }, 'transcode network_limit opus-256 stream'],
  // Wishes.
  ['flac', 'browser', { lossless: declined }, 'transcode lossless_declined opus-256 stream'],
  ['mp3', 'browser', { lossless: declined }, 'original plays_as_is original stream'],
  ['mp3', 'browser', { gainDb: -6.5 }, 'transcode normalized opus-256 stream'],
  ['mp3', 'browser', { gainDb: 0 }, 'original plays_as_is original stream'],
  // What a player says counts, and not what is known of others.
  ['mp3', 'mp3', {}, 'original plays_as_is original stream'],
  ['flac', 'mp3', {}, 'transcode codec_not_played mp3-320 stream'],
  ['m4a', 'audio/mp4; codecs="mp4a.40.2"', {}, 'original plays_as_is original stream'],
  ['adts', 'audio/mp4; codecs="mp4a.40.2"', {}, 'remux container_not_played copy-mp4 stream'],
  ['adts', 'audio/mp4; codecs="mp4a.40.2"', { gainDb: 2 }, 'transcode container_not_played - hls'],
  ['adts', 'audio/mp4; codecs="mp4a.40.2"', { maxKbps: 127 }, 'transcode container_not_played - hls'],
  ['adts', 'audio/mp4; codecs="mp4a.40.2", hls', { network: 'cellular' }, 'remux container_not_played copy-mp4 hls'],
  ['adts', 'hls', {}, 'remux container_not_played - hls'],
  ['m4a', 'hls', {}, 'remux container_not_played - hls'],
  ['m4a', 'mp3, hls', {}, 'remux container_not_played mp3-320 hls'],
  ['m4a', 'mp3, hls', { maxKbps: 128 }, 'transcode container_not_played mp3-128 stream'],
  ['m4a', 'hls', { codecs: [] }, 'remux container_not_played - hls'],
  ['m4a', 'audio/aac', {}, 'original nothing_else original stream'],
  ['alac', 'hls', {}, 'transcode codec_not_played - hls'],
  ['webm', 'audio/ogg; codecs=opus', {}, 'remux container_not_played copy-ogg stream'],
  ['webm', 'audio/ogg; codecs=opus', { codecs: [] }, 'remux container_not_played copy-ogg stream'],
  ['webm', 'audio/ogg; codecs=opus', { codecs: [], copies: [] }, 'original nothing_else original stream'],
  ['mp3', 'hls', {}, 'transcode codec_not_played - hls'],
  ['mp3', 'other', {}, 'original plays_as_is original stream'],
  ['flac', 'wav', {}, 'transcode codec_not_played wav-1536 stream'],
  ['flac', 'nonsense', {}, 'original nothing_else original stream'],
  ['flac', 'browser', { codecs: [], maxKbps: 64 }, 'original nothing_else original stream'],
]
describe('decisions', () => {
  for (const [source, client, more, expected] of TABLE)
    test(`${source} on ${client} ${JSON.stringify(more)}`, () => {
      const made = decide(playable(source), wish(client, { copies: copies(source), ...more }))
      assert.equal(`${made.decision} ${made.reason} ${streamed(made)} ${made.use}`, expected)
    })

  test('every reason stands in the table', () => {
    const told = TABLE.map(([, , , expected]) => expected.split(' ')[1])
    assert.deepEqual(
      REASONS.filter((r) => !told.includes(r)),
      [],
    )
  })

  test('whatever is asked, what is answered can be played and made, and keeps to the limits', () => {
    const anyWish = fc.record({
      client: fc.constantFrom(...CLIENTS),
      maxKbps: fc.option(fc.integer({ min: 64, max: 2000 }), { nil: undefined }),
      network: fc.option(fc.constantFrom(...NETWORKS), { nil: undefined }),
      lossless: fc.constantFrom(undefined, wanted, declined),
      gainDb: fc.constantFrom(0, -3),
      codecs: fc.subarray([...CODECS]),
      canCopy: fc.boolean(),
    })
    const names = Object.keys(SOURCES) as SourceName[]
    fc.assert(
      fc.property(fc.constantFrom(...names), anyWish, (name, { client, canCopy, ...more }) => {
        const asked = wish(client, { ...more, copies: canCopy ? copies(name) : [] })
        const made = decide(playable(name), asked)
        assert.match(made.why, /^[A-Z].*\.$/)
        assert.ok(made.stream !== undefined || made.use === 'hls')
        if (made.reason === 'nothing_else' || made.stream === 'original') return
        const { stream } = made
        if (!stream) return
        assert.ok(asked.abilities.has(`${stream.container}/${stream.codec}`))
        if (!('copy' in stream)) assert.ok(asked.codecs.includes(stream.format))
        assert.ok(stream.kbps <= (asked.maxKbps ?? Number.POSITIVE_INFINITY))
      }),
    )
  })
})

test('a copy is of the same codec, never louder, and only where the original is not played', () => {
  const all = [...copyContainers, 'hls'] as const
  const abilities = fc
    .subarray(['mp4/aac', 'aac/aac', 'ogg/opus', 'flac/flac', 'mp3/mp3', 'hls'])
    .map((a) => new Set(a))
  const more = fc.record({
    abilities,
    maxKbps: fc.option(fc.integer({ min: 64, max: 2000 }), { nil: undefined }),
    gainDb: fc.constantFrom(0, -3, 3),
    lossless: fc.constantFrom(undefined, wanted, declined),
    network: fc.option(fc.constantFrom(...NETWORKS), { nil: undefined }),
    codecs: fc.subarray([...CODECS]),
  })
  let remuxes = 0
  fc.assert(
    fc.property(fc.constantFrom('adts', 'm4a', 'webm', 'oggFlac', 'mkaFlac', 'alac'), more, (name, asked) => {
      const source = playable(name)
      const made = decide(source, { ...asked, copies: copies(name) })
      const { stream } = made
      const isCopy = typeof stream === 'object' && 'copy' in stream
      if (isCopy) assert.ok(stream.codec === source.codec && all.includes(stream.copy))
      if (isCopy || made.hls?.copy) {
        assert.equal(asked.gainDb, 0)
        assert.ok(source.kbps <= (asked.maxKbps ?? Number.POSITIVE_INFINITY))
        assert.ok(!(source.lossless && asked.lossless === declined))
      }
      if (made.decision !== 'remux') return
      remuxes++
      assert.ok(!asked.abilities.has(`${source.container}/${source.codec}`))
      assert.ok(made.use === 'stream' ? isCopy : made.hls?.copy)
    }),
    { numRuns: 1000 },
  )
  assert.ok(remuxes > 20, `${remuxes}`)
})

describe('what a player says it plays', () => {
  const cases: readonly (readonly [string, string[]])[] = [
    ['mp3', ['mp3/mp3']],
    ['MP3, Opus', ['mp3/mp3', 'ogg/opus', 'matroska/opus']],
    ['audio/mp4; codecs="mp4a.40.2,opus", audio/flac', ['mp4/aac', 'mp4/opus', 'flac/flac']],
    ['audio/mp4;codecs=mp4a.40.5', ['mp4/aac']],
    ['audio/mp4;codecs=mp4a.6B', ['mp4/mp3']],
    ['audio/ogg', ['ogg/vorbis', 'ogg/opus']],
    ['audio/webm; codecs=opus', ['matroska/opus']],
    ['application/vnd.apple.mpegurl', ['hls']],
    ['audio/mp4; codecs="ec-3", video/mp4, what', []],
  ]
  for (const [text, expected] of cases) test(text, () => assert.deepEqual([...readAbilities(text)], expected))

  test('no text takes long or breaks anything', () =>
    fc.assert(fc.property(fc.string({ maxLength: 2000 }), (text) => void readAbilities(text))))

  const agents: readonly (readonly [string | undefined, Client])[] = [
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      'browser',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0', 'firefox'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
      'safari',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'ios',
    ],
    ['AppleCoreMedia/1.0.0.22B83 (iPhone; U; CPU OS 18_1 like Mac OS X; en_us)', 'ios'],
    [
      'Mozilla/5.0 (Linux; Android 12; Chromecast) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36 CrKey/1.56.500000',
      'chromecast',
    ],
    ['Tutti/1.0 (Linux;Android 15) ExoPlayerLib/2.19.1', 'android'],
    ['curl/8.5.0', 'other'],
    [undefined, 'other'],
  ]
  for (const [agent, client] of agents) test(`${client}: ${agent}`, () => assert.equal(clientOf(agent), client))
})
