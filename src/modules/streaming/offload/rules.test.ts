import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { createBlobs } from '#kernel/blob/index.ts'
import { readConfig } from '#kernel/config/index.ts'
import { INTERNAL_HEADER } from '#kernel/identify.ts'
import { createOffload } from './offload.ts'

const dataDir = await mkdtemp(join(tmpdir(), 'tutti-offload-'))
after(() => rm(dataDir, { recursive: true, force: true }))
const blobs = await createBlobs({ dir: join(dataDir, 'blobs') })

const offloadBy = (env: Record<string, string>) => {
  const proxy = env['SENDFILE'] ? { TRUST_PROXY: 'loopback' } : {}
  return createOffload({ config: readConfig({ TUTTI_DATA: dataDir, TUTTI_MUSIC: '/music', ...proxy, ...env }), blobs })
}
/** The parts of a request that the rules look at. */
const asked = (headers: Record<string, string> = {}, ips: string[] | undefined = ['127.0.0.1', '203.0.113.7']) =>
  ({ headers, ips }) as unknown as FastifyRequest
const song = Buffer.from('/music/a song.flac')
const notUtf8 = Buffer.from([...Buffer.from('/music/'), 0xff])

test('switched off, nobody is told anything', () => {
  const { file, blob } = offloadBy({})
  assert.equal(file(song), undefined)
  assert.equal(blob('a/b', { contentType: 'x/y' }), undefined)
})

test('nginx is told an address, Apache and lighttpd a path', async () => {
  const told = async (env: Record<string, string>, path: Buffer) =>
    (await offloadBy(env).file(path)?.(asked()))?.headers
  assert.deepEqual(await told({ SENDFILE: 'nginx' }, song), { 'x-accel-redirect': '/_tutti/music/1/a%20song.flac' })
  assert.deepEqual(await told({ SENDFILE: 'apache' }, song), { 'x-sendfile': '/music/a%20song.flac' })
  const roots = { SENDFILE_ROOTS: '/music=/srv/tunes' }
  assert.deepEqual(await told({ SENDFILE: 'apache', ...roots }, song), { 'x-sendfile': '/srv/tunes/a%20song.flac' })
  assert.deepEqual(await told({ SENDFILE: 'nginx' }, notUtf8), { 'x-accel-redirect': '/_tutti/music/1/%FF' })
  assert.equal(await told({ SENDFILE: 'apache' }, notUtf8), undefined)
  assert.equal(await told({ SENDFILE: 'nginx' }, Buffer.from('/other/a.flac')), undefined)
  const kept = await offloadBy({ SENDFILE: 'nginx' }).blob('a/b', { contentType: 'x/y' })?.(asked())
  assert.deepEqual(kept, { status: 200, headers: { 'x-accel-redirect': '/_tutti/blobs/a/b' } })
})

const conditions: [string, Parameters<typeof asked>, { nginx: boolean; apache: boolean }][] = [
  ['through the server in front', [], { nginx: true, apache: true }],
  ['past it', [{}, ['203.0.113.7']], { nginx: false, apache: false }],
  ['from another process of ours', [{ [INTERNAL_HEADER]: 'token' }], { nginx: false, apache: false }],
  ['a range', [{ range: 'bytes=0-1' }], { nginx: true, apache: true }],
  ['a range of this version', [{ range: 'bytes=0-1', 'if-range': '"a"' }], { nginx: true, apache: false }],
  [
    'a range of that day',
    [{ range: 'bytes=0-1', 'if-range': 'Fri, 02 Jan 2026 03:04:05 GMT' }],
    { nginx: false, apache: false },
  ],
  ['If-Match', [{ 'if-match': '"a"' }], { nginx: false, apache: false }],
  [
    'If-Unmodified-Since',
    [{ 'if-unmodified-since': 'Fri, 02 Jan 2026 03:04:05 GMT' }],
    { nginx: false, apache: false },
  ],
]
for (const [name, of, expected] of conditions)
  for (const front of ['nginx', 'apache'] as const)
    test(`${front}, ${name}: ${expected[front] ? 'told' : 'not told'}`, async () => {
      const told = await offloadBy({ SENDFILE: front }).file(song)?.(asked(...of))
      assert.equal(told !== undefined, expected[front])
    })

test('it needs to be known who is in front, and pairs that are pairs', () => {
  assert.throws(() => readConfig({ SENDFILE: 'nginx' }), /SENDFILE needs TRUST_PROXY/)
  assert.throws(() => readConfig({ SENDFILE_ROOTS: '/music' }), /pairs/)
  assert.throws(() => readConfig({ S3_ENDPOINT: 'http://s3' }), /S3_BUCKET/)
  assert.throws(() => readConfig({ S3_BUCKET: 'b', S3_ACCESS_KEY: 'k' }), /belong together/)
})
