import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LoudnessRow } from '#modules/catalog/store/loudness.ts'
import { loudnessOf, safeGainDb } from './loudness.ts'

const NOTHING: LoudnessRow = {
  loudnessLufs: null,
  truePeakDbtp: null,
  tagGainDb: null,
  tagPeakDb: null,
  albumLufs: null,
  albumPeakDbtp: null,
}

test('what was measured goes before what tags say; nothing known is null', () => {
  assert.equal(loudnessOf(NOTHING), null)
  const tags = { ...NOTHING, tagGainDb: -6.5, tagPeakDb: -0.25 }
  assert.deepEqual(loudnessOf(tags), {
    trackGainDb: -6.5,
    trackPeakDbtp: -0.25,
    albumGainDb: null,
    albumPeakDbtp: null,
    source: 'tags',
  })
  const measured = { ...tags, loudnessLufs: -9.126, truePeakDbtp: 0.5, albumLufs: -10, albumPeakDbtp: 0.7 }
  assert.deepEqual(loudnessOf(measured), {
    trackGainDb: -8.87,
    trackPeakDbtp: 0.5,
    albumGainDb: -8,
    albumPeakDbtp: 0.7,
    source: 'analysis',
  })
  assert.equal(loudnessOf({ ...tags, loudnessLufs: -9 })?.trackPeakDbtp, null, 'a peak of tags is of other ears')
})

const gainOf = (loudnessLufs: number | null, truePeakDbtp: number | null) =>
  safeGainDb(loudnessOf({ ...NOTHING, loudnessLufs, truePeakDbtp }))

test('gain turns down freely, and up only as far as the true peak allows', () => {
  assert.equal(gainOf(null, null), null)
  assert.equal(gainOf(-9, 0.5), -9)
  assert.equal(gainOf(-24, -10), 6)
  assert.equal(gainOf(-24, -3), 2)
  assert.equal(gainOf(-24, -0.2), 0)
  assert.equal(gainOf(-24, null), 0)
})
