import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  adapt,
  type Adapting,
  bestAllowed,
  kbpsOf,
  LEVELS,
  type Level,
  type Network,
  stalled,
  startAdapting,
} from './adaptive.ts'
import { type Bandwidth, estimateKbps, unknownBandwidth, withDownload } from './bandwidth.ts'

const FLAC_KBPS = 900
const open = (kbps: number | null): Network => ({ kbps, isSaving: false, isMetered: false })
const rank = (level: Level) => LEVELS.indexOf(level)

/** A player on a line of `lineKbps(sec)`: fetches 8 s of music at a time, holds 40 s, plays on while it fetches. */
function listen(lineKbps: (sec: number) => number, forSec: number) {
  let a: Adapting = startAdapting()
  let band = unknownBandwidth()
  let nowSec = 0
  let aheadSec = 0
  let isPlaying = false
  let stalls = 0
  let changes = 0
  const levels: Level[] = []
  while (nowSec < forSec) {
    const before = a.level
    const bytes = (kbpsOf(a.level, FLAC_KBPS) * 8 * 1000) / 8
    let leftBytes = bytes
    const startSec = nowSec
    // In steps of 50 ms, as the line changes while a piece is under way.
    while (leftBytes > 0) {
      leftBytes -= (lineKbps(nowSec) * 1000 * 0.05) / 8
      nowSec += 0.05
      if (!isPlaying) continue
      aheadSec -= 0.05
      if (aheadSec > 0) continue
      // Dry: what is under way is given up for less.
      isPlaying = false
      aheadSec = 0
      stalls += 1
      const network = open(estimateKbps(band))
      a = stalled(a, { nowMs: nowSec * 1000, network, originalKbps: FLAC_KBPS, aheadSec: 0 })
      break
    }
    band = withDownload(band, { bytes: bytes - leftBytes, ms: (nowSec - startSec) * 1000 })
    if (leftBytes <= 0) {
      aheadSec += 8
      isPlaying = true
    }
    if (aheadSec > 40) {
      nowSec += aheadSec - 40
      aheadSec = 40
    }
    a = adapt(a, { nowMs: nowSec * 1000, network: open(estimateKbps(band)), originalKbps: FLAC_KBPS, aheadSec })
    if (a.level !== before) changes += 1
    levels.push(a.level)
  }
  return { level: a.level, stalls, changes, levels }
}

void describe('adaptive quality on simulated networks', () => {
  void it('plays the original where the line is wide, without ever changing', () => {
    const heard = listen(() => 20_000, 600)
    assert.deepEqual([heard.level, heard.stalls, heard.changes], ['original', 0, 0])
  })
  void it('settles at what a narrow line carries', () => {
    assert.equal(listen(() => 500, 600).level, 'high')
    assert.equal(listen(() => 200, 600).level, 'medium')
    assert.equal(listen(() => 90, 600).level, 'low')
  })
  void it('stalls little when the line breaks down, and comes back by and by when it is mended', () => {
    const heard = listen((sec) => (sec > 120 && sec < 240 ? 100 : 10_000), 900)
    assert.ok(heard.levels.includes('low'), 'went down')
    assert.ok(heard.stalls <= 1, `${heard.stalls} stalls`)
    assert.equal(heard.level, 'original')
  })
  void it('does not swing with a line that swings', () => {
    const heard = listen((sec) => (Math.floor(sec / 5) % 2 === 0 ? 1500 : 400), 900)
    assert.ok(heard.changes <= 8, `${heard.changes} changes in 15 minutes`)
    assert.ok(heard.stalls <= 1, `${heard.stalls} stalls`)
  })
  void it('never stays above what the line carries, on any line', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 80, max: 5000 }), { minLength: 1, maxLength: 10 }), (steps) => {
        const last = steps.at(-1) ?? 0
        const heard = listen(
          (sec) => steps[Math.min(steps.length - 1, Math.floor(sec / 60))] ?? 0,
          steps.length * 60 + 300,
        )
        assert.ok(kbpsOf(heard.level, FLAC_KBPS) <= Math.max(64, last * 1.05), `${heard.level} on ${last}`)
      }),
      { numRuns: 60 },
    )
  })
})

void describe('adaptive quality: rules', () => {
  void it('respects who spares data and who pays for it, however wide the line', () => {
    assert.equal(bestAllowed({ isSaving: true, isMetered: false }), 'low')
    assert.equal(bestAllowed({ isSaving: false, isMetered: true }), 'medium')
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 30 }),
        (isSaving, isMetered, line) => {
          let a = startAdapting()
          line.forEach((kbps, i) => {
            a = adapt(a, {
              nowMs: i * 30_000,
              network: { kbps, isSaving, isMetered },
              originalKbps: FLAC_KBPS,
              aheadSec: 20,
            })
            assert.ok(rank(a.level) >= rank(bestAllowed({ isSaving, isMetered })))
          })
        },
      ),
    )
  })
  void it('goes up one level at a time, and only after a calm while', () => {
    const rich = { network: open(50_000), originalKbps: FLAC_KBPS, aheadSec: 30 }
    let a: Adapting = { ...startAdapting(), level: 'low' }
    a = adapt(a, { ...rich, nowMs: 0 })
    assert.equal(a.level, 'low')
    a = adapt(a, { ...rich, nowMs: 19_000 })
    assert.equal(a.level, 'low')
    a = adapt(a, { ...rich, nowMs: 21_000 })
    assert.equal(a.level, 'medium')
  })
  void it('after a stall holds still, longer with every one', () => {
    const rich = { network: open(50_000), originalKbps: FLAC_KBPS, aheadSec: 30 }
    let a = stalled(startAdapting(), { ...rich, nowMs: 0 })
    assert.equal(a.level, 'high')
    a = adapt(adapt(a, { ...rich, nowMs: 1000 }), { ...rich, nowMs: 50_000 })
    assert.equal(a.level, 'high')
    assert.equal(adapt(a, { ...rich, nowMs: 61_000 }).level, 'original')
    const twice = stalled(a, { ...rich, nowMs: 61_000 })
    assert.ok(twice.holdUntilMs - 61_000 > a.holdUntilMs)
  })
  void it('waits a slow moment out while much lies ready', () => {
    const slow = { network: open(300), originalKbps: FLAC_KBPS, nowMs: 0 }
    assert.equal(adapt(startAdapting(), { ...slow, aheadSec: 30 }).level, 'original')
    assert.equal(adapt(startAdapting(), { ...slow, aheadSec: 5 }).level, 'medium')
  })
})

void describe('bandwidth', () => {
  void it('believes at once that a line has broken down, however wide it was, and by and by that it is mended', () => {
    const take = (b: Bandwidth, kbps: number, seconds: number) => {
      for (let i = 0; i < seconds * 2; i++) b = withDownload(b, { bytes: (kbps * 1000) / 8 / 2, ms: 500 })
      return b
    }
    const burst = withDownload(unknownBandwidth(), { bytes: 8_000_000, ms: 64 })
    assert.equal(Math.round(estimateKbps(burst) ?? 0), 1_000_000)
    assert.ok((estimateKbps(take(burst, 280, 0.5)) ?? 0) > 100_000, 'one slow moment is none')
    const thin = take(burst, 280, 1)
    assert.ok(Math.abs((estimateKbps(thin) ?? 0) - 280) < 1)
    const mended = estimateKbps(take(thin, 10_000, 6)) ?? 0
    assert.ok(mended > 7000 && mended < 10_000, `${mended}`)
  })
  void it('knows nothing at first, then the lower of the quick and the slow mean', () => {
    assert.equal(estimateKbps(unknownBandwidth()), null)
    let b = unknownBandwidth()
    for (let i = 0; i < 20; i++) b = withDownload(b, { bytes: 125_000, ms: 1000 })
    assert.ok(Math.abs((estimateKbps(b) ?? 0) - 1000) < 1)
    b = withDownload(b, { bytes: 12_500, ms: 2000 })
    assert.ok((estimateKbps(b) ?? 0) < 600, 'a tunnel is noticed')
  })
})
