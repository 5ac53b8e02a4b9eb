import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Loudness } from '#modules/catalog/schema.ts'
import { gainFor, LIFT_DB_MAX, LOWER_DB_MAX, NORMALIZE, PEAK_MAX_DBTP } from './gain.ts'

const loudness = (part: Partial<Loudness>): { loudness: Loudness } => ({
  loudness: {
    trackGainDb: -9,
    trackPeakDbtp: 0.4,
    albumGainDb: -8,
    albumPeakDbtp: 0.6,
    source: 'analysis',
    ...part,
  },
})
const cases: [string, Partial<Loudness>, (typeof NORMALIZE)[number], number][] = [
  ['a loud song is turned down', {}, 'track', -9],
  ['its album by that of the album', {}, 'album', -8],
  ['an album that is not known yet', { albumGainDb: null }, 'album', -9],
  ['whole tenths, downwards', { trackGainDb: -6.449 }, 'track', -6.5],
  ['whole tenths stay', { trackGainDb: -6.3 }, 'track', -6.3],
  ['a quiet song goes up', { trackGainDb: 6, trackPeakDbtp: -12 }, 'track', 6],
  ['as far as its peak allows', { trackGainDb: 6, trackPeakDbtp: -3.25 }, 'track', 2.2],
  ['a peak that is over is brought back', { trackGainDb: 0.5, trackPeakDbtp: 1.2 }, 'track', -2.2],
  ['not up without a peak', { trackGainDb: 6, trackPeakDbtp: null }, 'track', 0],
  ['down without a peak', { trackGainDb: -3, trackPeakDbtp: null }, 'track', -3],
  ['near silence is not blown up', { trackGainDb: 50, trackPeakDbtp: -60 }, 'track', LIFT_DB_MAX],
  ['nonsense in tags silences nothing', { trackGainDb: -64 }, 'track', -LOWER_DB_MAX],
]
for (const [name, part, mode, gain] of cases) test(name, () => assert.equal(gainFor(loudness(part), mode), gain))

test('a song that was never measured is left as it is', () => assert.equal(gainFor({ loudness: null }, 'album'), 0))

const db = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const any = fc.record({
  trackGainDb: db(-64, 64),
  trackPeakDbtp: fc.option(db(-90, 29)),
  albumGainDb: fc.option(db(-64, 64)),
  albumPeakDbtp: fc.option(db(-90, 29)),
  source: fc.constantFrom('analysis', 'tags'),
})

test('whatever was measured: never above the target, never above the peak, in whole tenths within bounds', () => {
  fc.assert(
    fc.property(any, fc.constantFrom(...NORMALIZE), (found, mode) => {
      const gain = gainFor({ loudness: found }, mode)
      const isAlbum = mode === 'album' && found.albumGainDb !== null
      const wanted = isAlbum ? (found.albumGainDb as number) : found.trackGainDb
      const peak = isAlbum ? found.albumPeakDbtp : found.trackPeakDbtp
      assert.ok(Math.abs(gain * 10 - Math.round(gain * 10)) < 1e-9)
      assert.ok(gain >= -LOWER_DB_MAX && gain <= LIFT_DB_MAX)
      // At the lower bound it is as far down as anything is brought.
      if (gain === -LOWER_DB_MAX) return
      assert.ok(gain <= wanted + 1e-6, `${gain} above ${wanted}`)
      if (peak === null) assert.ok(gain <= 0)
      else assert.ok(peak + gain <= PEAK_MAX_DBTP + 1e-6, `${peak} with ${gain} clips`)
    }),
  )
})

test('all songs of an album are turned alike', () => {
  fc.assert(
    fc.property(any, any, (a, b) => {
      const album = { albumGainDb: a.albumGainDb ?? -5, albumPeakDbtp: a.albumPeakDbtp }
      const gains = [a, b].map((found) => gainFor({ loudness: { ...found, ...album } }, 'album'))
      assert.equal(gains[0], gains[1])
    }),
  )
})
