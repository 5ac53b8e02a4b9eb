import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'
import { documentFaults } from './testing-openapi.ts'

type Operation = {
  operationId: string
  parameters?: { name: string; in: string; required: boolean }[]
  requestBody?: unknown
  security: object[]
  description: string
  responses: Record<string, { content?: object }>
}
type Document = {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown>; securitySchemes: object }
}

describe('the document of the API', () => {
  let t: TestApp
  let doc: Document
  before(async () => {
    t = await startTestApp({ modules: [door, notes] })
    doc = (await t.nobody.get('//openapi.json')).body as Document
  })
  after(() => t.stop())
  const operation = (method: string, path: string) => doc.paths[path]?.[method] as Operation

  test('is well-formed OpenAPI 3.1', () => {
    assert.deepEqual(documentFaults(doc as unknown as Record<string, unknown>), [])
    assert.ok(Object.keys(doc.paths).length > 5)
  })

  test('names exactly the routes that are served', () => {
    const described = Object.entries(doc.paths).flatMap(([path, ops]) =>
      Object.keys(ops).map((m) => `${m.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    )
    for (const route of described) {
      const [method = '', url = ''] = route.split(' ')
      for (const base of ['/api/v1', '/api'])
        assert.ok(t.app.http.hasRoute({ method, url: base + url }), `${route} is not served`)
    }
    assert.ok(described.includes('GET /n/:id') && described.includes('PATCH /notes/:id/pin'))
    assert.ok(!JSON.stringify(doc).includes('whoCalls'), 'internal operations are not told')
  })

  test('says where each field goes, who may call, what comes', () => {
    const pin = operation('patch', '/notes/{id}/pin')
    assert.deepEqual(
      pin.parameters?.map((p) => [p.name, p.in, p.required]),
      [['id', 'path', true]],
    )
    assert.ok(pin.requestBody)
    assert.deepEqual(
      operation('get', '/notes').parameters?.map((p) => [p.name, p.in, p.required]),
      ['limit', 'cursor', 'count', 'isPinned', 'tag'].map((n) => [n, 'query', false]),
    )
    assert.deepEqual(Object.keys(operation('post', '/notes').responses), ['201', '4XX'])
    assert.deepEqual(Object.keys(operation('delete', '/notes/{id}').responses), ['204', '4XX'])
    assert.ok('application/octet-stream' in (operation('get', '/notes/{id}/file').responses[200]?.content ?? {}))
    assert.ok(doc.components.schemas.Note)
  })

  test('says which credentials sign in, and what an API key must be made for', () => {
    const { securitySchemes } = doc.components
    assert.deepEqual(Object.keys(securitySchemes), ['bearer', 'apiKey', 'cookie'])
    const by = (method: string, path: string) => operation(method, path).security
    assert.deepEqual(by('get', '/notes'), [{}, { bearer: [] }, { apiKey: ['read'] }, { cookie: [] }])
    assert.deepEqual(by('post', '/notes'), [{ bearer: [] }, { apiKey: ['write'] }, { cookie: [] }])
    assert.deepEqual(by('get', '/admin/notes'), [{ bearer: [] }, { apiKey: ['read', 'admin'] }, { cookie: [] }])
    assert.deepEqual(by('post', '/keys'), [{ bearer: [] }, { cookie: [] }])
    assert.match(operation('get', '/admin/notes').description, /role admin.*scopes read and admin/)
    assert.match(operation('post', '/keys').description, /session only/)
  })

  test('a fault in a document is found', () => {
    const broken = structuredClone(doc) as unknown as { paths: Record<string, Record<string, Operation>> }
    const note = broken.paths['/notes/{id}'] as Record<string, Operation>
    note.get = {
      ...(note.get as Operation),
      parameters: [],
      operationId: 'createNote',
      responses: { 200: { content: { x: { schema: { $ref: '#/components/schemas/Nothing' } } } } },
    }
    const faults = documentFaults(broken).join('\n')
    assert.match(faults, /Nothing/)
    assert.match(faults, /createNote/)
    assert.match(faults, /\{id\}/)
  })
})

describe('/docs', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [door] })
  })
  after(() => t.stop())

  test('is a page that a strict policy lets work', async () => {
    const page = await t.nobody.get('//docs')
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    const policy = page.headers.get('content-security-policy') ?? ''
    assert.match(policy, /script-src 'self'(;|$)/)
    assert.match(policy, /object-src 'none'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.ok(!/<script(?![^>]*\bsrc=)/.test(page.text) && !/\son\w+=/.test(page.text), 'no script in the page itself')
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((m) => m[1] as string)
    assert.equal(files.length, 4)
    for (const file of files) assert.equal((await t.nobody.get(`/${file}`)).status, 200, file)
    assert.match((await t.nobody.get('//docs/start.js')).text, /\/openapi\.json/)
  })

  test('serves its own files and nothing else of that folder', async () => {
    for (const path of [
      '//docs/index.html',
      '//docs/../package.json',
      '//docs/%2e%2e/package.json',
      '//docs/oauth2-redirect.html',
    ])
      assert.equal((await t.nobody.get(path)).status, 404, path)
  })

  test('the other headers of a careful server are there', async () => {
    const { headers } = await t.nobody.get('//health')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-powered-by'), null)
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
    assert.equal(headers.get('access-control-allow-origin'), null)
  })
})
