import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { clicks, noise, RATE, silence, strike } from '#engines/audio/signals.fixture.ts'
import { createLiveAnalyzer, type LiveHop } from './index.ts'

type Heard = { beats: number[]; onsets: number[]; hops: LiveHop[] }

/** Everything the analyser says, the beats as they were told before they sounded. */
const listen = (mono: Float32Array, sampleRate = RATE, blocks: (at: number) => number = () => 4096): Heard => {
  const analyzer = createLiveAnalyzer({ sampleRate })
  const heard: Heard = { beats: [], onsets: [], hops: [] }
  let announced = 0
  for (let at = 0; at < mono.length; ) {
    const count = blocks(at)
    analyzer.push(mono.subarray(at, at + count), (hop) => {
      if (hop.isBeat) heard.beats.push(announced)
      if (hop.isOnset) heard.onsets.push(hop.timeSec)
      announced = hop.nextBeatSec
      heard.hops.push({ ...hop, bands: hop.bands.slice() })
    })
    at += count
  }
  return heard
}

const nearest = (times: number[], at: number) => Math.min(...times.map((time) => Math.abs(time - at)))
const errors = (told: number[], truth: number[]) => told.map((at) => nearest(truth, at))
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length

const steady = (bpm: number, seconds: number, firstSec = 0.25) =>
  Array.from({ length: Math.floor(((seconds - firstSec) * bpm) / 60) }, (_, i) => firstSec + (i * 60) / bpm)

/** Strikes that end softly: where one is cut off, another onset would be right. */
const struck = (beats: number[], seconds: number) => {
  const out = silence(seconds)
  beats.forEach((at, i) => {
    const alone = silence(0.3)
    strike(alone, 0, i % 4 === 0 ? 60 : 900, 0.6, 0.05)
    const start = Math.round(at * RATE)
    const end = 0.2 * RATE
    for (let n = 0; n < end && start + n < out.length; n++) out[start + n]! += alone[n]! * (1 - n / end)
  })
  return out
}

test('beats of a steady pulse are told before they sound', () => {
  for (const bpm of [84, 120, 150]) {
    const { beats, hops } = listen(clicks(bpm, 12))
    const settled = beats.filter((at) => at > 4)
    assert.ok(settled.length >= (0.9 * (7 * bpm)) / 60, `${bpm}: ${settled.length} beats`)
    assert.ok(mean(errors(settled, steady(bpm, 14))) < 0.015, `${bpm}: ${mean(errors(settled, steady(bpm, 14)))}`)
    assert.ok(Math.abs(hops.at(-1)!.bpm / bpm - 1) < 0.03)
    for (const hop of hops) assert.ok(hop.nextBeatSec === 0 || hop.nextBeatSec > hop.timeSec)
  }
})

test('a tempo that drifts from 100 to 125 is followed', () => {
  const truth: number[] = []
  for (let at = 0.3; at < 30; at += 60 / (100 + (25 * at) / 30)) truth.push(at)
  const told = listen(struck(truth, 30)).beats.filter((at) => at > 5)
  assert.ok(errors(told, truth).filter((error) => error <= 0.07).length >= 0.95 * told.length)
  assert.ok(told.length >= 0.9 * truth.filter((at) => at > 5).length)
})

test('after a pause the pulse is found again at another tempo and phase', () => {
  const [first, second] = [steady(120, 8), steady(96, 12, 14.1 - 12).map((at) => at + 12)]
  const { beats, hops } = listen(struck([...first, ...second], 26))
  const during = hops.filter(({ timeSec }) => timeSec > 12 && timeSec < 14)
  assert.ok(during.every((hop) => hop.confidence === 0 && hop.bpm === 0 && hop.nextBeatSec === 0))
  const after = beats.filter((at) => at > 18 && at < 23)
  assert.ok(after.length >= 7, String(after.length))
  assert.ok(mean(errors(after, second)) < 0.03)
})

test('silence has no onsets, steady noise few; silence has no bands either', () => {
  const quiet = listen(silence(5))
  assert.deepEqual(quiet.onsets, [])
  assert.deepEqual(quiet.beats, [])
  assert.ok(quiet.hops.every((hop) => hop.confidence === 0 && hop.bands.every((band) => band === 0)))
  assert.ok(listen(noise(5, 0.2)).onsets.filter((at) => at > 1).length <= 16)
})

test('an onset is flagged at most 20 ms after the hop in which it sounds', () => {
  const at = [1, 1.7, 2.2, 3.1]
  const { onsets } = listen(struck(at, 4))
  assert.equal(onsets.length, at.length)
  onsets.forEach((flag, i) => assert.ok(flag - at[i]! >= 0 && flag - at[i]! <= 0.03, `${flag} for ${at[i]}`))
})

test('how the stream is cut changes nothing', () => {
  const mono = clicks(126, 4)
  const whole = listen(mono, RATE, () => mono.length).hops
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 8 }), (sizes) => {
      let turn = 0
      assert.deepEqual(listen(mono, RATE, () => sizes[turn++ % sizes.length]!).hops, whole)
    }),
    { numRuns: 6 },
  )
})

test('every sample rate has hops of 10 ms; others are refused', () => {
  for (const rate of [8000, 22_050, 48_000, 192_000]) {
    const { hops } = listen(new Float32Array(rate), rate)
    assert.equal(hops.length, 100)
    assert.ok(hops.every((hop, i) => Math.abs(hop.timeSec - (i + 1) / 100) <= 1 / rate))
  }
  for (const sampleRate of [0, 4000, 1e6, Number.NaN])
    assert.throws(() => createLiveAnalyzer({ sampleRate }), RangeError)
})

test('what is no number is heard as nothing; reset makes it new', () => {
  const broken = clicks(120, 3).map((value, i) => (i % 997 === 0 ? Number.NaN : i % 1009 === 0 ? Infinity : value))
  const analyzer = createLiveAnalyzer({ sampleRate: RATE })
  const hear = (mono: Float32Array) => {
    const out: number[][] = []
    analyzer.push(mono, ({ bands, ...rest }) => out.push([...Object.values(rest).map(Number), ...bands]))
    return out
  }
  assert.ok(hear(broken).flat().every(Number.isFinite))
  const mono = clicks(90, 3)
  analyzer.reset()
  const again = hear(mono)
  const fresh = createLiveAnalyzer({ sampleRate: RATE })
  const first: number[][] = []
  fresh.push(mono, ({ bands, ...rest }) => first.push([...Object.values(rest).map(Number), ...bands]))
  assert.deepEqual(again, first)
})
