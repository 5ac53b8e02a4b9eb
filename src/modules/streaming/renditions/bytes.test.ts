import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { array, assert as check, asyncProperty, integer, nat } from 'fast-check'
import { chunksOf, offsetsOf, pieceAt, streamFromFirst, streamOf } from './bytes.ts'

const sizes = array(integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 8 })

function fileOf(headerBytes: number, lengths: readonly number[]) {
  const pieces = lengths.map((length) => randomBytes(length))
  const header = randomBytes(headerBytes)
  const offsets = offsetsOf(headerBytes, lengths.length, (piece) => lengths[piece]) ?? []
  return { header, pieces, offsets, whole: Buffer.concat([header, ...pieces]) }
}

test('any range is what it is of the whole, piece after piece, also of one of which only a part is there', async () =>
  check(
    asyncProperty(nat(500), sizes, nat(), nat(), nat(90_000), async (headerBytes, lengths, a, b, madeBytes) => {
      const { header, pieces, offsets, whole } = fileOf(headerBytes, lengths)
      const [start, end] = [a % whole.length, b % (whole.length + 1)].sort((x, y) => x - y) as [number, number]
      const read: number[] = []
      const chunks = chunksOf(header, offsets, { start, end }, async (piece, from) => {
        read.push(piece)
        return (pieces[piece] as Buffer).subarray(from, madeBytes === 0 ? undefined : from + madeBytes)
      })
      const got = Buffer.concat(await streamOf(chunks).toArray())
      assert.ok(got.equals(whole.subarray(start, end)))
      const inOrder = [...(madeBytes === 0 ? new Set(read) : read)].sort((x, y) => x - y)
      assert.deepEqual(read, inOrder, 'in their order, each once when it is whole')
      const first = start < headerBytes ? 0 : pieceAt(offsets, start)
      assert.ok(read.length === 0 || read[0] === first)
    }),
    { numRuns: 60 },
  ))

test('where one size is not known, no place is', () =>
  assert.equal(
    offsetsOf(10, 3, (piece) => (piece === 2 ? undefined : 5)),
    undefined,
  ))

test('a piece that is shorter than promised breaks the stream', async () => {
  const { header, offsets } = fileOf(10, [100, 100])
  const range = { start: 0, end: 210 }
  for (const there of [0, 50])
    await assert.rejects(
      streamOf(chunksOf(header, offsets, range, async (_, from) => Buffer.alloc(from === 0 ? there : 0))).toArray(),
      /not as long/,
    )
  const tooLong = chunksOf(header, offsets, range, async () => Buffer.alloc(101))
  await assert.rejects(streamOf(tooLong).toArray(), /not as long/)
})

const failing = (at: number) => (piece: number) =>
  piece >= at ? Promise.reject(new Error('gone')) : Promise.resolve(Buffer.alloc(100))
test('what is wrong at the beginning is thrown, what is wrong later breaks the stream', async () => {
  const { header, offsets } = fileOf(10, [100, 100])
  const range = { start: 0, end: 210 }
  await assert.rejects(streamFromFirst(chunksOf(header, offsets, range, failing(0))), /gone/)
  const stream = await streamFromFirst(chunksOf(header, offsets, range, failing(1)))
  await assert.rejects(stream.toArray(), /gone/)
})

test('who does not read holds two chunks, however long the file', async () => {
  const { header, offsets } = fileOf(
    0,
    Array.from({ length: 50 }, () => 200_000),
  )
  let asked = 0
  const stream = await streamFromFirst(
    chunksOf(header, offsets, { start: 0, end: 10_000_000 }, async () => {
      asked++
      return Buffer.alloc(200_000)
    }),
  )
  stream.read(1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(asked, 1)
  assert.ok(stream.readableLength <= 3 * 64 * 1024)
  stream.destroy()
})
