import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchRoute } from './match.ts'

const patterns = { home: '/', albums: '/albums', album: '/albums/:id', genre: '/genres/:name' }

void test('finds the pattern and its names', () => {
  assert.deepEqual(matchRoute(patterns, '/'), { name: 'home', params: {} })
  assert.deepEqual(matchRoute(patterns, '/albums/'), { name: 'albums', params: {} })
  assert.deepEqual(matchRoute(patterns, '/albums/7'), { name: 'album', params: { id: '7' } })
  assert.deepEqual(matchRoute(patterns, '/genres/R%26B%2FSoul'), { name: 'genre', params: { name: 'R&B/Soul' } })
})

void test('answers null for what fits nothing, also for a broken escape', () => {
  assert.equal(matchRoute(patterns, '/nothing'), null)
  assert.equal(matchRoute(patterns, '/albums/7/8'), null)
  assert.equal(matchRoute(patterns, '/genres/%E0%A4%A'), null)
})
