import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import { type UploadOptions, readUpload, withUploads } from './multipart.ts'
import { toAppError } from './problem.ts'

const FILE: UploadOptions = { fields: ['file', 'image'], sizeMaxBytes: 1000, timeoutMs: 60_000 }
const form = (parts: Record<string, string | Uint8Array<ArrayBuffer>>) => {
  const made = new FormData()
  for (const [name, value] of Object.entries(parts))
    made.append(
      name,
      typeof value === 'string' ? value : new Blob([value]),
      ...(typeof value === 'string' ? [] : ['f']),
    )
  return made
}

describe('files in requests', () => {
  let app: FastifyInstance
  let url: string
  before(async () => {
    app = Fastify()
    app.setErrorHandler((thrown, _request, reply) => {
      const { status, code } = toAppError(thrown)
      return reply.code(status).send({ code })
    })
    withUploads(app, (inner) => {
      for (const [path, options] of Object.entries({ '/file': FILE, '/slow': { ...FILE, timeoutMs: 50 } }))
        inner.route({
          method: 'POST',
          url: path,
          handler: async (request) => ({ text: (await readUpload(request, options)).toString() }),
        })
    })
    app.route({ method: 'POST', url: '/json', handler: async (request) => ({ body: request.body }) })
    await app.listen({ port: 0, host: '127.0.0.1' })
    url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  })
  after(() => app.close())
  const post = async (path: string, body: RequestInit['body'], type?: string) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    const answer = await fetch(url + path, { method: 'POST', headers, body: body ?? null, duplex: 'half' })
    return { status: answer.status, ...((await answer.json()) as { text?: string; code?: string }) }
  }

  test('the body, or the first part with the right name, whatever stands around it', async () => {
    const bytes = new TextEncoder().encode('hello')
    for (const type of ['image/png', 'application/json', 'text/plain', 'application/x-unknown; a=b'])
      assert.deepEqual(await post('/file', bytes, type), { status: 200, text: 'hello' })
    for (const parts of [
      { file: bytes },
      { image: bytes },
      { title: 'a', file: bytes, more: 'b' },
      { other: new TextEncoder().encode('x'), image: bytes },
    ])
      assert.deepEqual(await post('/file', form(parts)), { status: 200, text: 'hello' })
  })

  test('none, too much, too many parts and broken forms are refused', async () => {
    const large = new Uint8Array(1001)
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, new Uint8Array(1)]))
    const cases: [RequestInit['body'], string | undefined, number, string][] = [
      ['', 'image/png', 400, 'upload_missing'],
      [form({ title: 'a' }), undefined, 400, 'upload_missing'],
      [form({ file: new Uint8Array(0) }), undefined, 400, 'upload_missing'],
      [large, 'image/png', 413, 'body_too_large'],
      [form({ file: large }), undefined, 413, 'body_too_large'],
      [form({ other: large, file: new Uint8Array(1) }), undefined, 413, 'body_too_large'],
      [form(many), undefined, 413, 'body_too_large'],
      ['--x\r\nnonsense', 'multipart/form-data; boundary=x', 400, 'bad_multipart'],
      ['x', 'multipart/form-data', 400, 'bad_multipart'],
      [form({ constructor: 'x', file: new Uint8Array(1) }), undefined, 400, 'bad_multipart'],
    ]
    for (const [i, [body, type, status, code]] of cases.entries())
      assert.deepEqual(await post('/file', body, type), { status, code }, `case ${i}`)
  })

  test('everywhere else only JSON is read', async () => {
    for (const [body, type] of [
      [form({ file: new Uint8Array(1) }), undefined],
      ['x', 'image/png'],
    ] as const)
      assert.equal((await post('/json', body, type)).status, 415)
    assert.equal((await post('/json', '{}', 'application/json')).status, 200)
  })

  test('a body that never ends is cut off', async () => {
    const endless = new ReadableStream({ start: (to) => to.enqueue(new Uint8Array(3)) })
    await assert.rejects(post('/slow', endless, 'image/png'))
    const head = '--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nabc'
    const part = new ReadableStream({ start: (to) => to.enqueue(new TextEncoder().encode(head)) })
    await assert.rejects(post('/slow', part, 'multipart/form-data; boundary=x'))
    assert.equal((await post('/file', 'still here', 'image/png')).status, 200)
  })
})
