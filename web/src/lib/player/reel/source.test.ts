import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { partAt, withPart } from './parts.ts'
import { openUrl } from './source.ts'

const HEAD_BYTES = 64 * 1024
const FILE = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251)

const sendAtOnce = (to: ServerResponse, body: Uint8Array): void => void to.end(body)

void describe('a file at an address, read in ranges', () => {
  let server: Server
  let base = ''
  const ranges: string[] = []
  /** How an answer's body is sent. */
  let send = sendAtOnce
  before(async () => {
    server = createServer((from, to) => {
      const range = from.headers.range ?? ''
      ranges.push(range)
      const [start = 0, end = 0] = (/(\d+)-(\d+)/.exec(range) ?? []).slice(1).map(Number)
      to.writeHead(206, { 'content-range': `bytes ${start}-${end}/${FILE.length}`, etag: '"a"' })
      send(to, FILE.subarray(start, end + 1))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { signal } = new AbortController()

  void it('fetches no byte twice', async () => {
    ranges.length = 0
    const source = await openUrl(base, { signal, heard: () => undefined })
    const places = [
      [0, 1000],
      [8000, 150_000],
      [HEAD_BYTES, 70_000],
      [299_000, 400_000],
      [400_000, 500_000],
    ] as const
    for (const [start, end] of places)
      assert.deepEqual(await source.read(start, end, signal), FILE.slice(start, end), `${start} to ${end}`)
    assert.deepEqual(
      ranges,
      [
        [0, HEAD_BYTES],
        [HEAD_BYTES, 150_000],
        [HEAD_BYTES, 70_000],
        [299_000, FILE.length],
      ].map(([start = 0, end = 0]) => `bytes=${start}-${end - 1}`),
    )
  })

  void it('tells of a download while it is under way, and of one that is given up', async () => {
    const told: { bytes: number; ms: number }[] = []
    const source = await openUrl(base, { signal, heard: (download) => void told.push(download) })
    told.length = 0
    send = (to, body) => {
      let at = 0
      // Never comes to its end: what is told is told before.
      const timer = setInterval(() => void (at < 40_000 && to.write(body.subarray(at, (at += 1000)))), 50)
      to.once('close', () => clearInterval(timer))
    }
    const stop = new AbortController()
    const reading = source.read(HEAD_BYTES, FILE.length, stop.signal)
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await new Promise((resolve) => setTimeout(resolve, 600))
    stop.abort()
    await assert.rejects(reading, { name: 'AbortError' })
    assert.ok(told.length >= 2, 'what came since the last time is told too')
    const sum = told.reduce((all, { bytes, ms }) => ({ bytes: all.bytes + bytes, ms: all.ms + ms }))
    assert.ok(sum.bytes <= 40_000 && sum.ms >= 1000, JSON.stringify(told))
  })
})

void describe('which file of a take sounds', () => {
  void it('is the last one that was joined on before', () => {
    const first = { fromSec: 0, url: 'original', bits: 16 }
    const second = { fromSec: 8, url: 'low', bits: null }
    const parts = withPart(withPart([], first), second)
    assert.deepEqual(
      [0, 7.9, 8, 60, -1].map((sec) => partAt(parts, sec)?.url),
      ['original', 'original', 'low', 'low', 'original'],
    )
    assert.equal(partAt([], 1), null)
    assert.deepEqual(withPart(parts, { ...first, fromSec: 8 }), [first, { ...first, fromSec: 8 }])
  })
  void it('is kept within bounds', () => {
    let parts = withPart([], { fromSec: 0, url: '0', bits: null })
    for (let sec = 1; sec < 1000; sec++) parts = withPart(parts, { fromSec: sec, url: String(sec), bits: null })
    assert.ok(parts.length <= 50)
    assert.equal(partAt(parts, 999)?.url, '999')
  })
})
