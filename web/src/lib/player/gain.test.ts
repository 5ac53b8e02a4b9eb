import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  elementVolume,
  fromDb,
  gainDbOf,
  isInAlbum,
  type Measured,
  PREAMP_DB_MAX,
  trackGain,
  volumeGain,
} from './gain.ts'

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`)
const measured = (part: Partial<Measured> = {}): Measured => ({
  trackGainDb: -6,
  trackPeakDbtp: 0.2,
  albumGainDb: -8,
  albumPeakDbtp: 0.5,
  ...part,
})

void test('a track is turned by what the server measured, or its album', () => {
  near(trackGain(measured(), 'track'), fromDb(-6))
  near(trackGain(measured(), 'album'), fromDb(-8))
  near(trackGain(measured({ albumGainDb: null }), 'album'), fromDb(-6))
  assert.equal(trackGain(measured(), 'off', 6), 1, 'off is off')
  assert.ok(trackGain(null, 'track') < 1, 'an unmeasured track does not jump out')
})

void test('the preamp goes on top as far as the peak allows', () => {
  near(trackGain(measured(), 'track', 3), fromDb(-3))
  near(trackGain(measured({ trackPeakDbtp: -5 }), 'track', 12), fromDb(4))
  near(trackGain(measured({ trackGainDb: 40, trackPeakDbtp: -70 }), 'track'), fromDb(12))
  near(trackGain(measured({ trackGainDb: 3, trackPeakDbtp: null }), 'track', 9), 1)
})

const db = (min: number, max: number) => fc.double({ min, max, noNaN: true })
void test('nothing clips, whatever was measured and however high the preamp', () => {
  const any = fc.record({
    trackGainDb: db(-60, 60),
    trackPeakDbtp: fc.option(db(-80, 20)),
    albumGainDb: fc.option(db(-60, 60)),
    albumPeakDbtp: fc.option(db(-80, 20)),
  })
  fc.assert(
    fc.property(any, fc.constantFrom('track', 'album'), db(-30, 30), (loudness, mode, preampDb) => {
      const gain = gainDbOf(loudness, mode, preampDb)
      const isAlbum = mode === 'album' && loudness.albumGainDb !== null
      const peak = isAlbum ? loudness.albumPeakDbtp : loudness.trackPeakDbtp
      const wanted = (isAlbum ? (loudness.albumGainDb as number) : loudness.trackGainDb) + PREAMP_DB_MAX
      assert.ok(gain <= wanted && gain <= 12)
      assert.ok(peak === null ? gain <= 0 : peak + gain <= -1 + 1e-9)
    }),
  )
})

const on = (album: string, track: number, disc: number | null = null) => ({ album: { id: album }, disc, track })
void test('a song plays within its album beside one that follows it there', () => {
  assert.ok(isInAlbum(undefined, on('a', 1), on('a', 2)))
  assert.ok(isInAlbum(on('a', 11), on('a', 12), on('b', 1)), 'the last one')
  assert.ok(isInAlbum(on('a', 9, 1), on('a', 1, 2), undefined), 'over the discs')
  assert.ok(!isInAlbum(on('a', 3), on('a', 1), on('a', 1)), 'shuffled')
  assert.ok(!isInAlbum(on('b', 1), on('a', 2), on('b', 3)))
  assert.ok(!isInAlbum(undefined, { album: null, disc: null, track: 1 }, { album: null, disc: null, track: 2 }))
})

void test('the slider is silent at the bottom, whole at the top and never falls', () => {
  assert.equal(volumeGain(0), 0)
  near(volumeGain(1), 1)
  let before = -1
  for (let at = 0; at <= 1.0001; at += 0.01) {
    assert.ok(volumeGain(at) >= before)
    before = volumeGain(at)
  }
  assert.equal(volumeGain(-3), 0)
  near(volumeGain(7), 1)
})

void test('an element cannot be louder than whole', () => {
  assert.equal(elementVolume(2, 0.9), 1)
  near(elementVolume(0.5, 0.5), 0.25)
})
