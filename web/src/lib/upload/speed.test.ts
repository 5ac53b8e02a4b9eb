import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, leftSec, makeMeter } from './speed.ts'

void test('an even line has its speed, whenever one looks', () => {
  const meter = makeMeter()
  for (let ms = 0; ms <= 20_000; ms += 250) meter.add(25_000, ms)
  assert.ok(Math.abs(meter.speed(20_000) - 100_000) < 5000, `${meter.speed(20_000)}`)
  assert.equal(leftSec(1_000_000, 100_000), 10)
})

void test('a line that stands still has none, and then nobody knows how long it takes', () => {
  const meter = makeMeter()
  assert.equal(meter.speed(5), 0)
  meter.add(1000, 0)
  meter.add(1000, 100)
  assert.equal(meter.speed(60_000), 0)
  assert.equal(leftSec(10, 0), null)
})

void test('sizes are said in the largest unit that leaves a whole number before the point', () => {
  assert.deepEqual([0, 999, 1000, 3_440_000, 156_000_000, 2e9, 5e15].map(bytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '3.4 MB',
    '156 MB',
    '2.0 GB',
    '5000 TB',
  ])
})
