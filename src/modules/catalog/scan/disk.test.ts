import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { type MusicFolder, musicFolder } from '#modules/catalog/testing.ts'
import { createDisks, DiskStalled, type Disks } from './disk.ts'
import { walk } from './walk.ts'

const until = async (what: () => boolean): Promise<void> => {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 10))
}
const STALL_MS = 600
const ENTRY = new URL('./disk.test-child.ts', import.meta.url)

describe('a disk that does not answer', () => {
  let music: MusicFolder
  let disks: Disks
  const at = (name: string): string => music.at(name).toString()
  const look = (name: string, signal?: AbortSignal) => disks.ask(at(name), { kind: 'look', path: at(name) }, signal)
  before(async () => {
    music = await musicFolder()
    for (const name of ['dead-1', 'dead-2', 'slow', 'fine']) await mkdir(at(name))
    disks = createDisks({ entry: ENTRY, stallMs: STALL_MS })
  })
  after(() => music.remove())

  test('is given up, refused at once from then on, and asked again when it has answered', async () => {
    await assert.rejects(look('dead-1'), DiskStalled)
    assert.equal(disks.stuck(), 1)
    await assert.rejects(look('dead-1'), /has not answered yet/)
    assert.equal(disks.stuck(), 1, 'no second thread waits for it')
    assert.ok((await look('fine'))?.identity, 'others are asked as before')
    await writeFile(at('dead-1/answers'), '')
    await until(() => disks.stuck() === 0)
    assert.ok((await look('dead-1'))?.identity)
  })

  test('ends a walk, and only that', async () => {
    const all = { start: Buffer.alloc(0), rules: [], lanes: 2, signal: new AbortController().signal, disks }
    await assert.rejects(walk({ ...all, root: music.at('dead-2') }).next(), DiskStalled)
    const { value } = await walk({ ...all, root: music.at('fine') }).next()
    assert.equal(value?.visits.length, 1)
    await writeFile(at('dead-2/answers'), '')
    await until(() => disks.stuck() === 0)
  })

  test('is another matter than a slow one: that is waited for as long as it moves', async () => {
    assert.ok((await look('slow'))?.identity)
  })

  test('who no longer wants the answer does not wait for it, and the thread is free again', async () => {
    const ending = new AbortController()
    const asked = look('slow', ending.signal)
    await new Promise(setImmediate)
    ending.abort(new Error('enough'))
    await assert.rejects(asked, /enough/)
    await assert.rejects(look('fine', ending.signal), /enough/)
    assert.equal(disks.stuck(), 0)
  })

  test('more questions than threads wait in turn', async () => {
    const found = await Promise.all(Array.from({ length: 50 }, () => look('fine')))
    assert.equal(new Set(found.map((f) => f?.identity)).size, 1)
  })
})
