import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LIMBO } from './paths.ts'
import { openShelf, type Shelf } from './shelf.ts'

const base = await mkdtemp(join(tmpdir(), 'tutti-shelf-'))
after(() => rm(base, { recursive: true, force: true }))
const ID = { contentId: 'Aa/1', profile: 'mp3-128' }
let folders = 0

/** A cache of its own; `again` opens the same rendition as the next process would. */
async function house() {
  const root = join(base, String(++folders))
  await mkdir(join(root, LIMBO), { recursive: true })
  let bytes = 0
  const onBytes = (change: number) => {
    bytes += change
  }
  const again = () => openShelf({ root, now: Date.now, onBytes }, ID)
  return { root, folder: join(root, 'aa_1', 'mp3-128'), again, bytes: () => bytes, onBytes }
}
const fill = async (shelf: Shelf, pieces: Record<number, Buffer>) => {
  for (const [piece, bytes] of Object.entries(pieces)) await shelf.write(Number(piece), bytes)
}
const some = (length = 100) => randomBytes(length)

test('pieces outlive the process, and with them the version', async () => {
  const { again, bytes, root } = await house()
  const shelf = await again()
  const made = { 0: some(), 3: some(50) }
  await fill(shelf, made)
  assert.deepEqual([shelf.has(0), shelf.has(1), shelf.has(3), shelf.pieces()], [true, false, true, 2])
  assert.deepEqual([bytes(), shelf.sizeBytes(), shelf.bytesOf(3)], [150, 150, 50])
  const next = await again()
  assert.equal(next.making.version(), shelf.making.version())
  for (const [piece, expected] of Object.entries(made)) assert.deepEqual(await next.read(Number(piece)), expected)
  assert.equal(await next.read(1), undefined)
  assert.deepEqual(await readdir(join(root, LIMBO)), [])
})

test('another rendition, or the same after a loss, has another version', async () => {
  const { again, folder } = await house()
  const shelf = await again()
  await fill(shelf, { 0: some(), 1: some() })
  assert.equal(await shelf.shrink(1, (piece) => piece === 0), 100)
  assert.deepEqual([shelf.has(0), shelf.has(1)], [true, false])
  const next = await again()
  assert.notEqual(next.making.version(), shelf.making.version())
  assert.equal((await again()).making.version(), next.making.version(), 'which stays')
  assert.ok((await readdir(folder)).includes('version'))
  assert.notEqual((await (await house()).again()).making.version(), shelf.making.version())
})

test('a torn, damaged or foreign file is no piece, and gone once it was looked at', async () => {
  const harms: [string, (path: string) => Promise<void>][] = [
    ['torn', (path) => truncate(path, 40)],
    ['emptied', (path) => truncate(path, 0)],
    ['longer', (path) => appendFile(path, 'x')],
    ['deleted', (path) => rm(path)],
    [
      'one bit',
      async (path) => {
        const bytes = await readFile(path)
        bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60)
        await writeFile(path, bytes)
      },
    ],
  ]
  for (const [name, harm] of harms) {
    const { again, folder, bytes } = await house()
    const shelf = await again()
    await fill(shelf, { 0: some(), 1: some() })
    await harm(join(folder, '1-100'))
    assert.equal(await shelf.read(1), undefined, name)
    assert.deepEqual([shelf.has(1), shelf.has(0), bytes()], [false, true, 100], name)
    assert.ok(!(await readdir(folder)).includes('1-100'), name)
  }
})

test('made again to the bit it is the same version; made otherwise it is another, and known as changed', async () => {
  const { again, folder } = await house()
  const shelf = await again()
  const [first, version, before] = [some(), shelf.making.version(), shelf.making.epoch()]
  await fill(shelf, { 0: some(), 1: first })
  await rm(join(folder, '1-100'))
  assert.equal(await shelf.read(1), undefined)
  await shelf.write(1, first)
  assert.equal(shelf.making.version(), version)
  assert.equal(shelf.making.changedSince(1, before), false)
  await rm(join(folder, '1-100'))
  assert.equal(await shelf.read(1), undefined)
  await shelf.write(1, some())
  assert.notEqual(shelf.making.version(), version)
  assert.deepEqual(
    [0, 1].map((piece) => shelf.making.changedSince(piece, before)),
    [false, true],
  )
  assert.equal(shelf.making.changedSince(1, shelf.making.epoch()), false, 'for those who come now')
  assert.notEqual((await again()).making.version(), version, 'also in the next process')
})

test('what is cleared stays so, and a writer that comes too late leaves nothing', async () => {
  const { again, folder, bytes, root } = await house()
  const shelf = await again()
  await fill(shelf, { 0: some() })
  const late = shelf.write(1, some(200_000))
  await Promise.all([shelf.clear(), late])
  await shelf.write(2, some())
  assert.deepEqual([shelf.pieces(), bytes()], [0, 0])
  const left = (await readdir(folder).catch(() => [])).filter((name) => name.includes('-'))
  assert.deepEqual([left, await readdir(join(root, LIMBO))], [[], []])
})

test('pieces of another making than the one that is kept are not mixed with it', async () => {
  const { again, root, onBytes, bytes } = await house()
  const shelf = await again()
  await fill(shelf, { 0: some() })
  onBytes(-bytes())
  const deps = { root, now: Date.now, onBytes }
  const same = await openShelf(deps, ID, { version: shelf.making.version(), crcs: [1, 2] })
  assert.equal(same.has(0), true)
  onBytes(-bytes())
  const other = await openShelf(deps, ID, { version: '0123456789abcdef', crcs: [1, 2] })
  assert.deepEqual([other.has(0), other.making.version(), bytes()], [false, '0123456789abcdef', 0])
  await other.write(0, some())
  assert.notEqual(other.making.version(), '0123456789abcdef', 'it was something else there')
})

test('the least lately used go first', async () => {
  const { again } = await house()
  const shelf = await again()
  await fill(shelf, { 0: some(), 1: some(), 2: some(), 3: some() })
  await shelf.read(0)
  assert.equal(await shelf.shrink(150, (piece) => piece === 2), 200)
  assert.deepEqual(
    [0, 1, 2, 3].filter((piece) => shelf.has(piece)),
    [0, 2],
  )
})
