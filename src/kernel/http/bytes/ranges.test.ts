import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Plan, planAnswer, type RequestHeaders } from './conditions.ts'
import { contentRange, readRange } from './ranges.ts'

const SIZE = 1000
const ranges: [string | undefined, ReturnType<typeof readRange>][] = [
  [undefined, 'whole'],
  ['bytes=0-499', { start: 0, end: 500 }],
  ['bytes=500-999', { start: 500, end: 1000 }],
  ['bytes=999-999', { start: 999, end: 1000 }],
  ['bytes=0-', { start: 0, end: 1000 }],
  ['bytes=990-', { start: 990, end: 1000 }],
  ['bytes=-1', { start: 999, end: 1000 }],
  ['bytes=-500', { start: 500, end: 1000 }],
  ['bytes=-5000', { start: 0, end: 1000 }],
  ['bytes=500-5000', { start: 500, end: 1000 }],
  ['bytes=0-99999999999999999999', { start: 0, end: 1000 }],
  ['BYTES=0-1', { start: 0, end: 2 }],
  [' bytes = 0-1 ', { start: 0, end: 2 }],
  ['bytes=0-0,', { start: 0, end: 1 }],
  ['bytes=1000-', 'outside'],
  ['bytes=1000-2000', 'outside'],
  ['bytes=-0', 'outside'],
  ['bytes=2000-,3000-', 'outside'],
  ['bytes=2000-, 0-1', { start: 0, end: 2 }],
  ['bytes=0-1,5-6', 'whole'],
  [`bytes=${Array.from({ length: 100 }, (_, i) => `${i}-${i}`).join()}`, 'whole'],
  ['bytes=5-4', 'whole'],
  ['bytes=0-1,5-4', 'whole'],
  ['bytes=', 'whole'],
  ['bytes=-', 'whole'],
  ['bytes=a-b', 'whole'],
  ['bytes=1', 'whole'],
  ['bytes=--1', 'whole'],
  ['bytes=0x1-2', 'whole'],
  ['items=0-1', 'whole'],
  ['0-1', 'whole'],
]
for (const [header, expected] of ranges)
  test(`Range ${header?.slice(0, 40) ?? '(absent)'}`, () => assert.deepEqual(readRange(header, SIZE), expected))

test('nothing lies inside of nothing', () => {
  assert.equal(readRange('bytes=0-', 0), 'outside')
  assert.equal(readRange('bytes=-1', 0), 'outside')
  assert.equal(readRange(undefined, 0), 'whole')
})

test('Content-Range counts inclusively', () => assert.equal(contentRange({ start: 0, end: 1 }, 9), 'bytes 0-0/9'))

const MODIFIED = new Date('2026-01-02T03:04:05.678Z')
const DATE = 'Fri, 02 Jan 2026 03:04:05 GMT'
const EARLIER = 'Fri, 02 Jan 2026 03:04:04 GMT'
const LATER = 'Fri, 02 Jan 2026 03:04:06 GMT'
const version = { sizeBytes: SIZE, etag: '"abc"', modifiedAt: MODIFIED }
const range = 'bytes=0-9'
const part: Plan = { kind: 'part', range: { start: 0, end: 10 } }
const whole: Plan = { kind: 'whole' }
const notModified: Plan = { kind: 'not_modified' }
const failed: Plan = { kind: 'failed' }

const conditions: [string, string, RequestHeaders, Plan][] = [
  ['no header', 'GET', {}, whole],
  ['range', 'GET', { range }, part],
  ['range outside', 'GET', { range: 'bytes=5000-' }, { kind: 'outside' }],
  ['range of HEAD is ignored', 'HEAD', { range }, whole],
  ['range outside of HEAD is ignored', 'HEAD', { range: 'bytes=5000-' }, whole],
  ['If-Range, same tag', 'GET', { range, 'if-range': '"abc"' }, part],
  ['If-Range, other tag', 'GET', { range, 'if-range': '"old"' }, whole],
  ['If-Range, weak tag never matches', 'GET', { range, 'if-range': 'W/"abc"' }, whole],
  ['If-Range, same date', 'GET', { range, 'if-range': DATE }, part],
  ['If-Range, earlier date', 'GET', { range, 'if-range': EARLIER }, whole],
  ['If-Range, later date is not a match', 'GET', { range, 'if-range': LATER }, whole],
  ['If-Range, nonsense', 'GET', { range, 'if-range': 'yesterday-ish' }, whole],
  ['If-Range saves from 416', 'GET', { range: 'bytes=5000-', 'if-range': '"old"' }, whole],
  ['If-Range without a range', 'GET', { 'if-range': '"old"' }, whole],
  ['If-None-Match, same', 'GET', { 'if-none-match': '"abc"' }, notModified],
  ['If-None-Match, weak spelling', 'GET', { 'if-none-match': 'W/"abc"' }, notModified],
  ['If-None-Match, in a list', 'GET', { 'if-none-match': '"x", W/"y" , "abc"' }, notModified],
  ['If-None-Match, star', 'HEAD', { 'if-none-match': '*' }, notModified],
  ['If-None-Match, other', 'GET', { 'if-none-match': '"x"' }, whole],
  ['If-None-Match, comma inside a tag', 'GET', { 'if-none-match': '"x,"abc"' }, whole],
  ['If-None-Match goes before the range', 'GET', { range, 'if-none-match': '"abc"' }, notModified],
  ['If-None-Match silences the date', 'GET', { 'if-none-match': '"x"', 'if-modified-since': DATE }, whole],
  ['If-Modified-Since, same', 'GET', { 'if-modified-since': DATE }, notModified],
  ['If-Modified-Since, later', 'GET', { 'if-modified-since': LATER }, notModified],
  ['If-Modified-Since, earlier', 'GET', { 'if-modified-since': EARLIER }, whole],
  ['If-Modified-Since, nonsense', 'GET', { 'if-modified-since': 'x' }, whole],
  ['If-Match, same', 'GET', { range, 'if-match': '"abc"' }, part],
  ['If-Match, star', 'GET', { 'if-match': '*' }, whole],
  ['If-Match, other', 'GET', { 'if-match': '"x"' }, failed],
  ['If-Match, weak never matches', 'GET', { 'if-match': 'W/"abc"' }, failed],
  ['If-Match silences the date', 'GET', { 'if-match': '"abc"', 'if-unmodified-since': EARLIER }, whole],
  ['If-Unmodified-Since, same', 'GET', { 'if-unmodified-since': DATE }, whole],
  ['If-Unmodified-Since, earlier', 'GET', { 'if-unmodified-since': EARLIER }, failed],
]
for (const [name, method, headers, expected] of conditions)
  test(name, () => assert.deepEqual(planAnswer(method, headers, version, MODIFIED.getTime() + 60_000), expected))

test('a date does not vouch for a file that changed within the last second', () => {
  const headers = { range, 'if-range': DATE }
  assert.deepEqual(planAnswer('GET', headers, version, MODIFIED.getTime() + 100), whole)
})

test('without a date only tags count', () => {
  const undated = { sizeBytes: SIZE, etag: '"abc"' }
  assert.deepEqual(planAnswer('GET', { 'if-modified-since': LATER }, undated), whole)
  assert.deepEqual(planAnswer('GET', { range, 'if-range': DATE }, undated), whole)
  assert.deepEqual(planAnswer('GET', { 'if-unmodified-since': EARLIER }, undated), whole)
})
