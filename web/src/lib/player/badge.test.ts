import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badgeOf } from './badge.ts'

const plain = { kbps: null, rateHz: null, bits: null }

void test('says what plays in the words of its kind', () => {
  assert.equal(badgeOf({ codec: 'flac', kbps: 900, rateHz: 44_100, bits: 16 }), 'FLAC 16/44.1')
  assert.equal(badgeOf({ codec: 'pcm_s24le', kbps: 4608, rateHz: 96_000, bits: 24 }), 'WAV 24/96')
  assert.equal(badgeOf({ codec: 'mp3', kbps: 128, rateHz: 48_000, bits: null }), 'MP3 128')
  assert.equal(badgeOf({ codec: 'opus', kbps: 127.6, rateHz: null, bits: null }), 'OPUS 128')
})
void test('leaves out what is not known', () => {
  assert.equal(badgeOf({ ...plain, codec: 'flac' }), 'FLAC')
  assert.equal(badgeOf({ ...plain, codec: 'flac', rateHz: 48_000 }), 'FLAC 48')
  assert.equal(badgeOf({ ...plain, codec: 'vorbis' }), 'VORBIS')
})
