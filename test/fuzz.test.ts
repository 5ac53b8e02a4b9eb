import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { type AnySchema, Ajv2020 } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import { newId } from '#kernel/ids.ts'
import { type Answer, type Client, eventually, startTestApp, type TestApp } from '#kernel/testing.ts'
import { withoutIds } from '#kernel/validate.ts'
import { tempFolder, wavTone } from '#test/fixtures/audio.ts'
import { type Providers, startProviders } from '#test/servers/providers.ts'
import { loadModules, MODULES, OFFERS } from '../src/targets.ts'
import { minimalInput, type Request, requestFor, type Route, routesIn } from './authorization/routes.ts'

const RUNS = Number(process.env['TUTTI_FUZZ_RUNS'] ?? 25)
const SEED = 20_261_120
const routes = routesIn(OFFERS.map((o) => o.contract))
/** A 503 that is an answer: this app has no mail server. */
const NOT_SET_UP = 'mail_not_configured'
/** Ends the session of the one who asks. */
const LEAVES = new Set(['logout'])

const ajv = new Ajv2020({ strict: false })
;(addFormatsModule as unknown as (a: Ajv2020) => void)(ajv)
const checks = new Map(
  routes.flatMap((r) =>
    r.operation.kind === 'public' ? [[r.name, ajv.compile(withoutIds(r.operation.output) as AnySchema)] as const] : [],
  ),
)
const isProblem = ajv.compile({
  type: 'object',
  additionalProperties: false,
  required: ['type', 'title', 'status', 'code', 'detail', 'instance', 'requestId'],
  properties: {
    type: { type: 'string', pattern: '^/docs/errors#[a-z_]+$' },
    title: { type: 'string', minLength: 3 },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    code: { type: 'string', pattern: '^[a-z][a-z_]*$' },
    detail: { type: 'string', minLength: 5 },
    instance: { type: 'string' },
    requestId: { type: 'string', format: 'uuid' },
    errors: {
      type: 'array',
      maxItems: 20,
      items: {
        type: 'object',
        required: ['path', 'message'],
        additionalProperties: false,
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
})

/** Values that have broken something somewhere. */
const nasty = fc.constantFrom<unknown>(
  '',
  ' ',
  'null',
  '\u0000',
  'a\u0000b',
  '\uD800',
  '‮',
  '💥',
  "'; drop table kernel.jobs; --",
  '%',
  '\\',
  '%_',
  '../../etc/passwd',
  '<script>',
  '{{7*7}}',
  '${7*7}',
  '__proto__',
  'constructor',
  '1e309',
  '-0',
  'NaN',
  'a'.repeat(600),
  '(((((',
  '&|!:*',
  '0',
  '-1',
  '1.5',
  '99999999999999999999',
  'true',
  'undefined',
  '0190f5d0-0000-7000-8000-000000000000',
  '2026-13-45',
  '٣',
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 63),
  1e308,
  [],
  {},
  [[]],
  [null],
  { a: { b: {} } },
)
const value = (known: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { arbitrary: known, weight: 3 },
    { arbitrary: nasty, weight: 3 },
    { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 1 },
  )

/** Inputs of an operation: some right, most with something odd. */
function inputOf(route: Route, ids: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const properties = route.operation.input.properties as Record<
    string,
    { format?: string; enum?: unknown[]; type?: unknown; minimum?: number; maximum?: number }
  >
  const good = (s: {
    format?: string
    enum?: unknown[]
    type?: unknown
    minimum?: number
    maximum?: number
  }): fc.Arbitrary<unknown> => {
    if (s.format === 'uuid') return fc.oneof(fc.constantFrom(...ids), fc.constant(newId()))
    if (s.enum) return fc.constantFrom(...s.enum)
    if (s.type === 'integer' || s.type === 'number')
      return fc.integer({ min: s.minimum ?? -5, max: Math.min(s.maximum ?? 1000, 1e6) })
    if (s.type === 'boolean') return fc.boolean()
    if (s.type === 'array')
      return fc.array(fc.oneof(fc.constantFrom(...ids), fc.string({ maxLength: 5 })), { maxLength: 4 })
    return fc.string({ unit: 'grapheme', maxLength: 30 })
  }
  const model = Object.fromEntries(Object.entries(properties).map(([k, s]) => [k, value(good(s))]))
  const fields = fc.record(model, { requiredKeys: [] })
  const extra = fc.option(fc.dictionary(fc.string({ maxLength: 8 }), nasty, { maxKeys: 2 }), { nil: {} })
  return fc
    .tuple(fields, extra, fc.boolean())
    .map(([f, e, whole]) => ({ ...(whole ? minimalInput(route) : {}), ...f, ...e }))
}

/** A song, its album and its artist, once the folder has been scanned. */
async function idsOfMusic(admin: Client): Promise<string[]> {
  const found = await eventually(async () => {
    const { items } = (await admin.get('/songs')).body as {
      items: { id: string; artists: { id: string }[]; album: { id: string } | null }[]
    }
    return items.length === 2 && items
  }, 'the scan')
  return found.flatMap((s) => [s.id, ...s.artists.map((a) => a.id), ...(s.album ? [s.album.id] : [])])
}

const PEOPLE = ['nobody', 'user', 'admin'] as const
type Who = (typeof PEOPLE)[number]

const send = (client: Client, { method, path, body }: Request): Promise<Answer> => client.send(method, path, body)

function judge(route: Route, request: Request, answer: Answer): void {
  const what = `${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.body)?.slice(0, 300)}\n${answer.text.slice(0, 600)}`
  assert.ok(answer.status < 500 || answer.body.code === NOT_SET_UP, `${answer.status}: ${what}`)
  if (answer.status >= 400) {
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, what)
    assert.ok(isProblem(answer.body), `${JSON.stringify(isProblem.errors)}: ${what}`)
    assert.equal(answer.body.status, answer.status)
    return
  }
  const check = checks.get(route.name)
  if (answer.status !== 204 && answer.status < 300 && check && answer.text !== '')
    assert.ok(check(answer.body), `${JSON.stringify(check.errors)}: ${what}`)
}

describe('whatever is sent', () => {
  let t: TestApp
  let providers: Providers
  let people: Record<Who, Client>
  let music: Awaited<ReturnType<typeof tempFolder>>
  let ids: string[]
  before(async () => {
    music = await tempFolder()
    for (const name of ['Allemande', 'Gigue']) await writeFile(join(music.path, `${name}.wav`), wavTone({ sec: 2 }))
    const modules = await loadModules(Object.keys(MODULES))
    providers = await startProviders()
    const config = { ...providers.config, rateLimitPerMin: 10_000_000, musicDirs: [music.path] }
    t = await startTestApp({ modules, config })
    providers.allow(t.url)
    people = { nobody: t.nobody, user: await t.as('user'), admin: await t.as('admin') }
    ids = [people.user.userId, newId(), ...(await idsOfMusic(people.admin))]
  })
  after(async () => {
    await t?.stop()
    await providers?.stop()
    await music?.remove()
  })

  for (const route of routes) {
    if (LEAVES.has(route.name)) continue
    test(`${route.method} ${route.path}`, async () => {
      for (const client of Object.values(people)) {
        const request = requestFor(route, minimalInput(route))
        judge(route, request, await send(client, request))
      }
      // Passwords are hashed slowly on purpose.
      const numRuns = route.operation.rate === 'auth' ? Math.min(RUNS, 8) : RUNS
      await fc.assert(
        fc.asyncProperty(inputOf(route, ids), fc.constantFrom(...PEOPLE), async (input, who) => {
          const request = requestFor(route, input)
          judge(route, request, await send(people[who], request))
        }),
        { numRuns, seed: SEED, endOnFailure: true },
      )
    })
  }

  test('bodies that are no objects, or not JSON, are refused in the same shape', async () => {
    const bodies = [
      '[]',
      '"text"',
      '1',
      'true',
      '{',
      '{"a":1,}',
      '\u0000',
      '{"__proto__":1}',
      `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    ]
    const { admin } = people
    for (const route of routes.filter(
      (r) => r.operation.kind === 'public' && ['POST', 'PUT', 'PATCH'].includes(r.method) && !LEAVES.has(r.name),
    )) {
      const path = requestFor(route, minimalInput(route)).path
      for (const body of bodies) {
        const answer = await fetch(`${t.url}/api/v1${path}`, {
          method: route.method,
          body,
          headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' },
        })
        const text = await answer.text()
        assert.equal(answer.status, 400, `${route.method} ${path} ${body.slice(0, 20)}: ${text}`)
        assert.ok(isProblem(JSON.parse(text)), text)
      }
    }
  })

  test('odd addresses are refused in the same shape', async () => {
    for (const path of [
      '/api/v1/songs/%00',
      '/api/v1/songs/%E0%A4%A',
      '/api/v1/%2e%2e/%2e%2e/etc/passwd',
      '/api/v1/songs/..%2f..%2f',
      '/api/v1//songs',
      '/api/v2/songs',
      '/api/v1/songs/\u{1F4A5}',
      `/api/v1/songs/${'a'.repeat(5000)}`,
      '/internal/identity/authenticate',
      '/%c0%ae',
    ]) {
      const answer = await fetch(t.url + path)
      const text = await answer.text()
      assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`)
      assert.ok(isProblem(JSON.parse(text)), `${path}: ${text}`)
    }
  })
})
