import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf, type SongDraft } from './song-draft.ts'

const draft: SongDraft = {
  title: 'Dawn',
  artist: 'Ada',
  credits: [{ name: 'Ada', role: 'main' }],
  albumId: null,
  disc: '',
  track: '3',
  year: '2026',
  genres: ['Folk'],
  tags: [],
  isPublic: false,
}

void test('says only what was changed', () => {
  assert.deepEqual(changesOf(draft, { ...draft }), {})
  assert.deepEqual(changesOf(draft, { ...draft, title: ' Dusk ', track: '' }), { title: 'Dusk', track: null })
  assert.deepEqual(changesOf(draft, { ...draft, genres: [], tags: ['live'] }), { genres: null, tags: ['live'] })
})

void test('an empty row of credits is no change, and none at all takes back what was said', () => {
  assert.deepEqual(changesOf(draft, { ...draft, credits: [...draft.credits, { name: ' ', role: 'composer' }] }), {})
  assert.deepEqual(changesOf(draft, { ...draft, credits: [] }), { credits: null })
})
