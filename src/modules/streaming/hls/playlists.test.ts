import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { profileOf } from '../profiles.ts'
import { layoutOf, type SourceLength } from '../renditions/layout.ts'
import { dashManifest } from './manifest.ts'
import { masterPlaylist, mediaPlaylist } from './playlists.ts'
import { attributesOf, type Playlist, readPlaylist, secondsOf, sum, valuesOf } from './testing.ts'
import { AAC_KBPS, bandwidthOf, codecsOf, tierNamed, tiersFor } from './tiers.ts'
import { spanOf } from './times.ts'

const CODECS = ['mp3', 'aac', 'opus', 'flac', 'wav'] as const
const lossless: SourceLength = { sampleRateHz: 44_100, samples: 44_100 * 61 + 17, channels: 2, bits: 16 }
const tiers = tiersFor({ lossless: true, kbps: 900 }, { lossless: 'offered', maxKbps: undefined, gainDb: 0 }, CODECS)
const master = readPlaylist(
  masterPlaylist(
    tiers.map((p) => ({ ...bandwidthOf(p, lossless), codecs: codecsOf(p), uri: `${p.name}/index.m3u8` })),
    12.5,
  ),
)
const media = tiers.map((p) => readPlaylist(mediaPlaylist(layoutOf(p, lossless), '?v=1')))
const all = [master, ...media]

const one = (p: Playlist, name: string): string => {
  const found = valuesOf(p.tags, name)
  assert.equal(found.length, 1, `${name} ${found.length} times`)
  return found[0] as string
}
const streams = valuesOf(master.tags, 'EXT-X-STREAM-INF').map(attributesOf)
const targets = media.map((p) => Number(one(p, 'EXT-X-TARGETDURATION')))

/** Every rule by its name; those that need the bytes of segments stand in segments.test.ts. */
const RULES: readonly (readonly [string, () => void])[] = [
  [
    'RFC 8216bis 4.1: UTF-8 without byte order mark or control characters, lines end',
    () => {
      for (const { text } of all) {
        assert.ok(text.endsWith('\n'))
        // oxlint-disable-next-line no-control-regex
        assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\ufeff]/)
        assert.equal(text.normalize('NFC'), text)
      }
    },
  ],
  ['RFC 8216bis EXTM3U: the first line, once', () => all.forEach((p) => one(p, 'EXTM3U'))],
  [
    'RFC 8216bis EXT-X-VERSION: once, and at least 6 for EXT-X-MAP beside segments',
    () => all.forEach((p) => assert.ok(Number(one(p, 'EXT-X-VERSION')) >= 6)),
  ],
  [
    'RFC 8216bis 4.1: no playlist has tags of both kinds',
    () => {
      assert.ok(!master.tags.some((t) => /EXTINF|TARGETDURATION|X-MAP|ENDLIST|MEDIA-SEQUENCE/.test(t.name)))
      for (const p of media) assert.ok(!p.tags.some((t) => /STREAM-INF|X-MEDIA$/.test(t.name)))
    },
  ],
  ['RFC 8216bis EXT-X-INDEPENDENT-SEGMENTS', () => all.forEach((p) => one(p, 'EXT-X-INDEPENDENT-SEGMENTS'))],
  [
    'RFC 8216bis EXT-X-START: within the music, precise',
    () => {
      assert.deepEqual(attributesOf(one(master, 'EXT-X-START')), { 'TIME-OFFSET': '12.5', PRECISE: 'YES' })
      for (const p of media) assert.deepEqual(valuesOf(p.tags, 'EXT-X-START'), [])
    },
  ],
  [
    'RFC 8216bis EXT-X-TARGETDURATION: no EXTINF, rounded, is longer',
    () => media.forEach((p, i) => secondsOf(p).forEach((sec) => assert.ok(Math.round(sec) <= (targets[i] as number)))),
  ],
  ['RFC 8216bis EXT-X-MEDIA-SEQUENCE', () => media.forEach((p) => assert.equal(one(p, 'EXT-X-MEDIA-SEQUENCE'), '0'))],
  [
    'RFC 8216bis EXT-X-PLAYLIST-TYPE: VOD, so nothing of it may change, and it ends',
    () =>
      media.forEach((p) => {
        assert.equal(one(p, 'EXT-X-PLAYLIST-TYPE'), 'VOD')
        assert.equal(p.tags.at(-1)?.name, 'EXT-X-ENDLIST')
      }),
  ],
  [
    'RFC 8216bis EXTINF: one before each segment; EXT-X-MAP before the first',
    () =>
      media.forEach((p) => {
        for (const entry of p.entries) assert.equal(valuesOf(entry.tags, 'EXTINF').length, 1)
        assert.equal(attributesOf(valuesOf(p.entries[0]?.tags ?? [], 'EXT-X-MAP')[0] ?? '')['URI'], 'init.mp4?v=1')
      }),
  ],
  [
    'RFC 8216bis 6.2.4: all variants have the same target duration, and no discontinuity',
    () => {
      assert.equal(new Set(targets).size, 1)
      for (const p of all) assert.doesNotMatch(p.text, /DISCONTINUITY/)
    },
  ],
  [
    'RFC 8216bis EXT-X-STREAM-INF: an address follows each; BANDWIDTH is a number, and not below the average',
    () => {
      assert.equal(master.entries.length, streams.length)
      for (const s of streams) assert.ok(Number(s['BANDWIDTH']) >= Number(s['AVERAGE-BANDWIDTH']), JSON.stringify(s))
    },
  ],
  [
    'Apple 2.3: stereo AAC is always there',
    () => assert.equal(streams.filter((s) => s['CODECS'] === 'mp4a.40.2').length, AAC_KBPS.length),
  ],
  [
    'Apple 7.7: no segment is longer than the target duration',
    () => media.forEach((p, i) => assert.ok(Math.max(...secondsOf(p)) <= (targets[i] as number))),
  ],
  [
    'Apple 8.1: lengths of segments are right to the sample',
    () => media.forEach((p) => assert.ok(Math.abs(sum(secondsOf(p)) - lossless.samples / 44_100) < 1 / 44_100)),
  ],
  [
    'Apple 8.3, 8.7: all playlists cover the same time',
    () => assert.equal(new Set(media.map((p) => sum(secondsOf(p)).toFixed(4))).size, 1),
  ],
  ['Apple 8.6: VOD says so', () => media.forEach((p) => assert.equal(one(p, 'EXT-X-PLAYLIST-TYPE'), 'VOD'))],
  ['Apple 8.20: fMP4 needs EXT-X-MAP', () => media.forEach((p) => one(p, 'EXT-X-MAP'))],
  [
    'Apple 9.1, 9.13, 9.14: CODECS, BANDWIDTH and AVERAGE-BANDWIDTH on every variant',
    () => {
      for (const s of streams) assert.deepEqual(Object.keys(s), ['BANDWIDTH', 'AVERAGE-BANDWIDTH', 'CODECS'])
      assert.deepEqual(new Set(streams.map((s) => s['CODECS'])), new Set(['mp4a.40.2', 'fLaC']))
    },
  ],
  [
    'Apple 9.21: over cellular networks a variant with a peak of at most 192 kbit/s',
    () => assert.ok(streams.some((s) => Number(s['BANDWIDTH']) <= 192_000)),
  ],
  [
    'Apple 11.4: addresses reveal nothing of the music',
    () => all.flatMap((p) => p.entries).forEach((e) => assert.match(e.uri, /^(?:[\w-]+\/index\.m3u8|\d+\.m4s\?v=1)$/)),
  ],
]
describe('rules of RFC 8216bis and of Apple for playlists', () => {
  for (const [name, check] of RULES) test(name, check)
})

const sources = fc.record({
  sampleRateHz: fc.constantFrom(8000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000),
  samples: fc.integer({ min: 1, max: 40_000_000 }),
  channels: fc.constantFrom(1, 2, 6),
  bits: fc.constantFrom(undefined, 16, 24),
})
const profiles = fc.constantFrom(...AAC_KBPS.map((kbps) => profileOf('aac', kbps)), profileOf('flac', undefined))

describe('times', () => {
  test('pieces follow each other without gap, none is empty, and together they are the music', () => {
    fc.assert(
      fc.property(profiles, sources, (profile, source) => {
        const layout = layoutOf(profile, source)
        let at = 0
        for (let piece = 0; piece < layout.pieces; piece++) {
          const span = spanOf(layout, piece)
          assert.equal(span.start, at)
          assert.ok(span.end > span.start)
          at = span.end
        }
        assert.equal(at, layout.samples)
      }),
      { numRuns: 200 },
    )
  })
  test('the lengths in a playlist are those to the sample, also of a part of it', () => {
    fc.assert(
      fc.property(profiles, sources, fc.nat(), (profile, source, n) => {
        const layout = layoutOf(profile, source)
        const seconds = secondsOf(readPlaylist(mediaPlaylist(layout, '')))
        const count = (n % layout.pieces) + 1
        const { end } = spanOf(layout, count - 1)
        assert.equal(Math.round(sum(seconds.slice(0, count)) * layout.sampleRateHz), end)
      }),
      { numRuns: 200 },
    )
  })
})

const names = (...o: Parameters<typeof tiersFor>) => tiersFor(...o).map((p) => p.name)
const mp3 = (kbps: number) => ({ lossless: false, kbps })
describe('tiers', () => {
  const wish = { lossless: 'left_out', maxKbps: undefined, gainDb: 0 } as const
  const cases: readonly (readonly [string, string[], string[]])[] = [
    [
      'lossless music gets all of AAC',
      names({ lossless: true, kbps: 900 }, wish, CODECS),
      ['aac-128', 'aac-64', 'aac-256'],
    ],
    ['an MP3 of 96 kbit/s needs no more than 128', names(mp3(96), wish, CODECS), ['aac-128', 'aac-64']],
    ['one of 56 needs no more than 64', names(mp3(56), wish, CODECS), ['aac-64']],
    ['a limit leaves the lowest', names(mp3(320), { ...wish, maxKbps: 32 }, CODECS), ['aac-64']],
    ['a limit leaves out what is above', names(mp3(320), { ...wish, maxKbps: 200 }, CODECS), ['aac-128', 'aac-64']],
    ['FLAC of lossy music is none', names(mp3(320), { ...wish, lossless: 'offered' }, ['flac']), []],
    [
      'what cannot be made is not offered',
      names({ lossless: true, kbps: 900 }, { ...wish, lossless: 'offered' }, ['flac']),
      ['flac'],
    ],
    ['gain stands in the names', names(mp3(60), { ...wish, gainDb: -6.54 }, CODECS), ['aac-64_gm65']],
  ]
  for (const [name, actual, expected] of cases) test(name, () => assert.deepEqual(actual, expected))

  test('every tier is found by its name, and nothing else is one', () => {
    for (const gain of [-30, -6.5, -0.1, 0, 0.1, 9.9, 12])
      for (const p of [...AAC_KBPS.map((k) => profileOf('aac', k, gain)), profileOf('flac', undefined, gain)])
        assert.deepEqual(tierNamed(p.name), p)
    for (const name of [
      '',
      'aac',
      'aac-65',
      'mp3-128',
      'opus-64',
      'wav',
      'aac-128_g0',
      'aac-128_g05',
      'aac-128_gm999',
      'flac_g121',
      'flac_gm301',
      'aac-128 ',
      '../x',
    ])
      assert.equal(tierNamed(name), undefined, name)
  })
})

test('a DASH manifest has each tier with all of its time, and one set for each codec', () => {
  const text = dashManifest(
    tiers.map((p) => ({
      ...bandwidthOf(p, lossless),
      name: p.name,
      codecs: codecsOf(p),
      layout: layoutOf(p, lossless),
    })),
    (name) => `?v=${name}&link=x`,
  )
  assert.equal(text.match(/<AdaptationSet /g)?.length, 2)
  assert.match(text, /mediaPresentationDuration="PT61\.000\d+S"/)
  assert.match(text, /media="\$RepresentationID\$\/\$Number\$\.m4s\?v=aac-128&amp;link=x"/)
  for (const [i, r] of [...text.matchAll(/<Representation .*?<\/Representation>/g)].entries()) {
    const layout = layoutOf(tiers[i] as (typeof tiers)[number], lossless)
    const runs = [...r[0].matchAll(/<S(?: t="0")? d="(\d+)"(?: r="(\d+)")?\/>/g)]
    assert.equal(sum(runs.map(([, d, n = '0']) => Number(d) * (Number(n) + 1))), layout.samples)
    assert.equal(sum(runs.map(([, , n = '0']) => Number(n) + 1)), layout.pieces)
  }
})
