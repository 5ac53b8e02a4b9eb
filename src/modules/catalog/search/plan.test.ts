import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commonOf } from './common.ts'
import { planOf, planOfMost } from './plan.ts'
import { parse } from './query.ts'

const common = commonOf([
  { word: 'love', share: 0.12 },
  { word: 'lover', share: 0.02 },
  { word: 'me', share: 0.1 },
  { word: 'my', share: 0.09 },
  { word: 'the', share: 0.25 },
  { word: 'queen', share: 0.005 },
])
const songs = (q: string) => planOf(parse(q), common, 'song')

test('shares of words, and of all that begin so', () => {
  assert.equal(common.share('love'), 0.12)
  assert.equal(common.share('beethoven'), 0)
  assert.ok(Math.abs(common.beginningShare('lo') - 0.14) < 1e-9)
  assert.ok(Math.abs(common.beginningShare('m') - 0.19) < 1e-9)
  assert.equal(common.beginningShare('zz'), 0)
})

test('a beginning that goes on everywhere is looked up in what the other words find', () => {
  assert.deepEqual(songs('love m'), { keys: "(('love') | ('lovem':*))", filter: "(('m':*) | ('lovem':*))" })
  assert.deepEqual(songs('beethoven lo').keys?.includes("'lo':*"), false)
})

test('a rare beginning leads itself', () => {
  assert.deepEqual(songs('love xqz'), {
    keys: "(('love') | ('lovexqz':*)) & (('xqz':*) | ('lovexqz':*))",
    filter: undefined,
  })
  assert.deepEqual(songs('beeth'), { keys: "(('beeth':*))", filter: undefined })
})

test('a common beginning that stands alone is left to titles among songs, not among the fewer artists', () => {
  assert.deepEqual(songs('lov').keys, "(('lov'))")
  assert.deepEqual(planOf(parse('que'), common, 'artist').keys, "(('que':*))")
})

test('of several parts of a word the last is looked up in what the others find', () => {
  assert.deepEqual(songs('jay-z'), { keys: "(('jay') | ('jayz':*))", filter: "(('jay' & 'z':*) | ('jayz':*))" })
})

test('words that names are given and quoted without are not needed, unless there are no others', () => {
  assert.deepEqual(songs('the queen ').keys, "(('queen') | ('thequeen'))")
  assert.deepEqual(songs('the ').keys, "(('the'))")
  assert.deepEqual(songs('!!!'), { keys: undefined, filter: undefined })
})

test('one word is left out only where the rarest are rare enough to be looked for alone', () => {
  assert.equal(planOfMost(parse('love me my '), common), undefined)
  const plan = planOfMost(parse('daft punk love '), common)
  assert.match(plan?.keys ?? '', /^\(\('daft'\).*\) \| \(\('punk'\)/)
})
