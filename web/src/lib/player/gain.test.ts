import assert from 'node:assert/strict'
import { test } from 'node:test'
import { elementVolume, fromDb, trackGain, volumeGain } from './gain.ts'

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`)

void test('a track is turned by what the server measured', () => {
  near(trackGain(-6, true), fromDb(-6))
  near(trackGain(-6, false), 1)
  near(trackGain(40, true), fromDb(12))
  assert.ok(trackGain(null, true) < 1, 'an unmeasured track does not jump out')
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
