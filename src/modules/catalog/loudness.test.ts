import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { createWrite } from '#kernel/events/write.ts'
import { songAnalyzed } from '#modules/analysis/events.ts'
import type { Change } from './library/contract.ts'
import type { Song } from './schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

let music: MusicFolder
let c: Catalog
before(async () => {
  music = await musicFolder()
  for (const [i, seconds] of [1, 2, 3].entries())
    await music.put(
      `live/${i}.mp3`,
      mp3({ title: `Live ${i}`, artist: 'Ann', album: 'Live', track: `${i + 1}`, seconds }),
    )
  for (const i of [1, 2]) {
    const gains = { track_gain: `-${i}.00 dB`, track_peak: '1.000000', album_gain: '-5.5 dB', album_peak: '0.891251' }
    await music.put(`told/${i}.mp3`, mp3({ title: `Told ${i}`, artist: 'Bob', album: 'Told', track: `${i}`, gains }))
  }
  c = await startCatalog({ musicDirs: [music.root] })
})
after(async () => {
  await c?.app.stop()
  await music.remove()
})

type Facts = {
  loudnessLufs: number | null
  truePeakDbtp: number | null
  loudnessBlocks?: { floorLufs: number; counts: number[] }
}
async function measured(title: string, facts: Facts, state: 'completed' | 'failed' = 'completed'): Promise<void> {
  const { id: songId } = await c.song(title)
  const ports = c.app.app.ports
  const write = createWrite(ports.db.kysely, () => void ports.pubsub.publish('kernel.events', null))
  const rest = { tempo: null, key: null, camelot: null, energy: null }
  await write((_tx, emit) => emit(songAnalyzed, { songId, state, ...rest, ...facts }))
  await c.app.eventually(async () => {
    const { analysisStatus, loudnessLufs } = await c.song(title)
    return analysisStatus === state && loudnessLufs === facts.loudnessLufs
  }, 'the facts')
}
const power = (ms: number, lufs: number): number => ms * 10 ** (lufs / 10)
const albumLufs = async (): Promise<number> => -18 - ((await loudness('Live 0')).albumGainDb ?? Number.NaN)
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0)
const loudness = async (title: string): Promise<NonNullable<Song['loudness']>> => {
  const song = await c.song(title)
  assert.ok(song.loudness, title)
  return song.loudness
}

describe('the loudness of an album', () => {
  test('is known when every song of it was measured, and is the same for all', async () => {
    await measured('Live 0', { loudnessLufs: -10, truePeakDbtp: -1 })
    await measured('Live 1', { loudnessLufs: -14, truePeakDbtp: 0.5 })
    assert.deepEqual(await loudness('Live 0'), {
      trackGainDb: -8,
      trackPeakDbtp: -1,
      albumGainDb: null,
      albumPeakDbtp: null,
      source: 'analysis',
    })
    assert.equal((await c.song('Live 2')).loudness, null)
    await measured('Live 2', { loudnessLufs: -12, truePeakDbtp: -3 })
    const songs = (await c.songs()).filter((s) => s.album?.title === 'Live')
    const lufsOf: Record<string, number> = { 'Live 0': -10, 'Live 1': -14, 'Live 2': -12 }
    const all = songs.reduce((sum, s) => sum + power(s.durationMs, lufsOf[s.title] as number), 0)
    const expected = -18 - 10 * Math.log10(all / songs.reduce((sum, s) => sum + s.durationMs, 0))
    for (const song of songs) {
      assert.ok(
        Math.abs((song.loudness?.albumGainDb ?? 0) - expected) < 0.011,
        `${song.loudness?.albumGainDb} ${expected}`,
      )
      assert.equal(song.loudness?.albumPeakDbtp, 0.5)
    }
  })

  test('a song far below the others takes nothing from it, silence neither', async () => {
    const before = await loudness('Live 0')
    await measured('Live 2', { loudnessLufs: -40, truePeakDbtp: -30 })
    const quiet = await loudness('Live 0')
    await measured('Live 2', { loudnessLufs: null, truePeakDbtp: null })
    const silent = await loudness('Live 0')
    assert.equal(quiet.albumGainDb, silent.albumGainDb)
    assert.notEqual(quiet.albumGainDb, before.albumGainDb)
    await measured('Live 2', { loudnessLufs: null, truePeakDbtp: null }, 'failed')
    assert.equal(
      (await loudness('Live 0')).albumGainDb,
      silent.albumGainDb,
      'what cannot be measured is not waited for',
    )
  })

  test('goes by the blocks of all songs where they are known', async () => {
    // Song 0: 100 blocks at −10.5, 100 at −30.5; song 1: 200 at −27.5; the gate of all falls at −26.3.
    await measured('Live 0', {
      loudnessLufs: -10.5,
      truePeakDbtp: -1,
      loudnessBlocks: { floorLufs: -31, counts: [100, ...zeros(19), 100] },
    })
    await measured('Live 1', {
      loudnessLufs: -27.5,
      truePeakDbtp: 0.5,
      loudnessBlocks: { floorLufs: -28, counts: [200] },
    })
    const gated = (100 * 10 ** -1.05) / 100
    assert.ok(Math.abs((await albumLufs()) - 10 * Math.log10(gated)) < 0.011, `${await albumLufs()}`)
    await measured('Live 1', {
      loudnessLufs: -15.5,
      truePeakDbtp: 0.5,
      loudnessBlocks: { floorLufs: -16, counts: [200] },
    })
    const both = (100 * 10 ** -1.05 + 200 * 10 ** -1.55) / 300
    assert.ok(Math.abs((await albumLufs()) - 10 * Math.log10(both)) < 0.011, `${await albumLufs()}`)
  })

  test('follows songs that come and go, and the feed tells of it', async () => {
    await measured('Live 2', { loudnessLufs: -12, truePeakDbtp: -3 })
    const { id, loudness: before } = await c.song('Live 0')
    const { next } = (await c.admin.get('/library/changes?limit=500')).body as { next: string }
    await rm(music.at('live/1.mp3'))
    await c.scan()
    const after = await loudness('Live 0')
    assert.notEqual(after.albumGainDb, before?.albumGainDb)
    assert.equal(after.albumPeakDbtp, -1)
    const { items } = (await c.admin.get(`/library/changes?limit=500&since=${next}`)).body as { items: Change[] }
    assert.ok(
      items.some((i) => i.kind === 'song' && i.id === id),
      'also of a song whose own file stayed',
    )
    await music.put('live/4.mp3', mp3({ title: 'Live 4', artist: 'Ann', album: 'Live', track: '4' }))
    await c.scan()
    assert.equal((await loudness('Live 0')).albumGainDb, null, 'a new one has to be measured first')
    await measured('Live 4', { loudnessLufs: -10, truePeakDbtp: -2 })
    assert.notEqual((await loudness('Live 0')).albumGainDb, null)
  })

  test('nobody hears of songs that they do not see', async () => {
    const { id } = await c.song('Live 0')
    await c.admin.send('PATCH', `/songs/${id}/visibility`, { isPublic: true })
    const nobody = c.app.nobody
    const seen = (await nobody.get(`/songs/${id}`)).body as Song
    assert.equal(seen.loudness?.albumGainDb, -7.5, 'of an album with this song alone')
    assert.notEqual((await loudness('Live 0')).albumGainDb, -7.5)
  })
})

describe('tags', () => {
  test('serve where nothing was measured', async () => {
    const { gainDb } = await c.song('Told 2')
    assert.deepEqual(await loudness('Told 2'), {
      trackGainDb: -2,
      trackPeakDbtp: 0,
      albumGainDb: -5.5,
      albumPeakDbtp: -1,
      source: 'tags',
    })
    assert.equal(gainDb, -2)
  })

  test('give way to what was measured; an album goes by them until all of it is', async () => {
    await measured('Told 1', { loudnessLufs: -10, truePeakDbtp: -0.5 })
    const one = await loudness('Told 1')
    assert.deepEqual([one.trackGainDb, one.source, one.albumGainDb], [-8, 'analysis', -5.5])
    await measured('Told 2', { loudnessLufs: -10, truePeakDbtp: -0.7 })
    const both = await Promise.all(['Told 1', 'Told 2'].map(loudness))
    assert.deepEqual(
      both.map((l) => [l.albumGainDb, l.albumPeakDbtp]),
      [
        [-8, -0.5],
        [-8, -0.5],
      ],
    )
  })
})
