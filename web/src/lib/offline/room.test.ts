import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { Song } from '#client/index.ts'
import { bytesOf, type Copy, guessBytes, isAtLeast, isDone, type KeptItem, type KeptSong, progressOf } from './model.ts'
import { PIECE_BYTES } from './pieces.ts'
import { promisedBytes, roomFor, SPARE_BYTES, takenBytes, whatGoes } from './room.ts'

const copyOf = (sizeBytes: number, pieces = Math.ceil(sizeBytes / PIECE_BYTES)): Copy => ({
  tag: 't',
  quality: 'original',
  etag: '"e"',
  contentType: 'audio/flac',
  sizeBytes,
  pieces,
})
const song = (id: string, more: Partial<KeptSong> = {}): KeptSong => ({
  id,
  song: { id, sizeBytes: 3 * PIECE_BYTES, durationMs: 60_000 } as Song,
  quality: 'original',
  copy: null,
  draft: null,
  fault: null,
  isStale: false,
  playedAtMs: 0,
  ...more,
})
const item = (id: string, songIds: string[], keptAtMs = 1): KeptItem => ({
  id,
  title: id,
  by: '',
  album: null,
  songIds,
  keptAtMs,
  hasPage: true,
  isPaused: false,
})
const NO_DISK = { usedBytes: null, quotaBytes: null }

void describe('room for music', () => {
  void it('is what the limit leaves beside what is here and what is to come', () => {
    const songs = [song('a', { copy: copyOf(10e6) }), song('b', { draft: copyOf(8 * PIECE_BYTES, 2) })]
    assert.equal(takenBytes(songs), 10e6 + 2 * PIECE_BYTES)
    assert.equal(promisedBytes(songs), 6 * PIECE_BYTES)
    const room = roomFor(songs, 50e6, NO_DISK)
    assert.deepEqual(room, { usedBytes: 10e6 + 2 * PIECE_BYTES, freeBytes: 40e6 - 8 * PIECE_BYTES, bound: 'limit' })
    assert.equal(roomFor(songs, 5e6, NO_DISK).freeBytes, 0)
  })

  void it('is what the disk leaves, less a spare', () => {
    const disk = { usedBytes: 1e9, quotaBytes: 1.5e9 }
    assert.deepEqual(roomFor([], null, disk), { usedBytes: 0, freeBytes: 0.5e9 - SPARE_BYTES, bound: 'disk' })
    assert.equal(roomFor([], null, { usedBytes: 1.5e9, quotaBytes: 1.5e9 }).freeBytes, 0)
  })

  void it('is made by what was not played for longest, whole items only', () => {
    const songs = [
      song('a', { copy: copyOf(10e6), playedAtMs: 30 }),
      song('b', { copy: copyOf(10e6), playedAtMs: 10 }),
      song('c', { copy: copyOf(10e6), playedAtMs: 20 }),
      song('d'),
    ]
    const items = [item('one', ['a']), item('two', ['b']), item('three', ['c']), item('coming', ['d'])]
    const gone = (needed: number) => whatGoes(items, songs, needed)?.map((i) => i.id)
    assert.deepEqual(gone(1), ['two'])
    assert.deepEqual(gone(15e6), ['two', 'three'])
    assert.deepEqual(gone(30e6), ['two', 'three', 'one'])
    assert.equal(gone(30e6 + 1), undefined)
  })

  void it('counts a song that two items hold once', () => {
    const songs = [song('a', { copy: copyOf(10e6) })]
    const items = [item('one', ['a'], 1), item('two', ['a'], 2)]
    assert.deepEqual(
      whatGoes(items, songs, 5e6)?.map((i) => i.id),
      ['one', 'two'],
    )
  })

  void it('that is made is enough, and never more items than needed', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20e6 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 100e6 }), (all, needed) => {
        const songs = all.map((size, i) => song(`s${i}`, { copy: copyOf(size), playedAtMs: (i * 7919) % 13 }))
        const items = songs.map((s) => item(`i${s.id}`, [s.id]))
        const gone = whatGoes(items, songs, needed)
        const sum = (some: readonly KeptItem[]) =>
          some.reduce((n, i) => n + bytesOf(songs.find((s) => s.id === i.songIds[0])!), 0)
        if (!gone) return assert.ok(sum(items) < needed)
        assert.ok(sum(gone) >= needed)
        assert.ok(sum(gone.slice(0, -1)) < needed)
      }),
    )
  })
})

const stateOf = (i: KeptItem, of: ReadonlyMap<string, KeptSong>) => progressOf(i, of, new Map()).state
void describe('how far something is', () => {
  const songs = new Map([
    ['a', song('a', { copy: copyOf(10e6) })],
    ['b', song('b', { draft: copyOf(4 * PIECE_BYTES, 1) })],
    ['c', song('c')],
  ])
  void it('counts whole songs, pieces and the bytes on their way', () => {
    const p = progressOf(item('i', ['a', 'b', 'c']), songs, new Map([['b', 1000]]))
    assert.deepEqual(p, {
      state: 'keeping',
      haveBytes: 10e6 + PIECE_BYTES + 1000,
      wholeBytes: 10e6 + 7 * PIECE_BYTES,
      songsDone: 1,
      fault: null,
    })
  })
  void it('is done, paused or stuck', () => {
    assert.equal(stateOf(item('i', ['a']), songs), 'kept')
    assert.equal(stateOf({ ...item('i', ['a', 'b']), isPaused: true }, songs), 'paused')
    assert.equal(stateOf(item('i', ['x', 'a']), new Map([['x', song('x', { fault: 'no' })]])), 'failed')
  })
  void it('is done only in the quality that is wanted, and with the file of now', () => {
    assert.ok(isDone(song('a', { copy: copyOf(1) })))
    assert.ok(!isDone(song('a', { copy: copyOf(1), quality: 'low' })))
    assert.ok(!isDone(song('a', { copy: copyOf(1), isStale: true })))
    assert.ok(!isDone(song('a', { copy: copyOf(1), draft: copyOf(1) })))
  })
  void it('guesses a transcode by its bit rate', () => {
    assert.equal(guessBytes({ sizeBytes: 5, durationMs: 60_000 }, 'medium'), 960_000)
    assert.equal(guessBytes({ sizeBytes: 5, durationMs: 60_000 }, 'original'), 5)
    assert.ok(isAtLeast('original', 'high') && isAtLeast('low', 'low') && !isAtLeast('medium', 'high'))
  })
})
