import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ROLES } from '#kernel/caller.ts'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { type Request, type Route, minimalInput, requestFor, routesIn } from './authorization.ts'
import { loadModules, MODULES, OFFERS } from '../src/targets.ts'

const modules = await loadModules(Object.keys(MODULES))
const contracts = OFFERS.map((o) => o.contract)
const routes = routesIn(contracts)
const PEOPLE = ['nobody', 'user', 'artist', 'admin'] as const
type Who = (typeof PEOPLE)[number]

/** What the gate must answer before anything else is looked at; undefined lets the request through. */
function refusal(route: Route, who: Who): number | undefined {
  const { auth } = route.operation
  if (auth === 'anyone') return undefined
  if (who === 'nobody') return 401
  return ROLES.indexOf(who) >= ROLES.indexOf(auth) ? undefined : 403
}

const send = (client: Client, { method, path, body }: Request) => client.send(method, path, body)

describe('who may call what', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules, config: { rateLimitPerMin: 10_000_000 } })
  })
  after(() => t.stop())

  /** A session of its own each time: some operations end it. */
  const clientOf = async (who: Who): Promise<Client> => {
    if (who === 'nobody') return t.nobody
    await t.as(who)
    const signed = await t.nobody.post('/auth/login', { username: who, password: 'correct horse battery' })
    return clientFor(t.url, String(signed.body.accessToken), String(signed.body.user.id))
  }

  test('every module of the program is asked', () => {
    assert.deepEqual(
      contracts.map((c) => c.name).sort(),
      ['albums', 'analysis', 'identity', 'library', 'profile', 'songs', 'streaming'].sort(),
    )
    assert.ok(routes.length > 30, `${routes.length} routes`)
  })

  for (const route of routes) {
    test(`${route.method} ${route.path} (${route.operation.auth})`, async () => {
      for (const who of PEOPLE) {
        const answer = await send(await clientOf(who), requestFor(route, minimalInput(route)))
        const expected = refusal(route, who)
        assert.ok(answer.status < 500, `${who}: ${answer.text}`)
        if (expected === undefined) {
          assert.notEqual(answer.body.code, 'role_required', `${who}: ${answer.text}`)
          if (who !== 'nobody') assert.notEqual(answer.body.code, 'unauthorized', `${who}: ${answer.text}`)
          assert.notEqual(answer.body.code, 'no_such_route', `${who}: ${answer.text}`)
        } else {
          assert.equal(answer.status, expected, `${who}: ${answer.text}`)
          assert.equal(answer.body.code, expected === 401 ? 'unauthorized' : 'role_required')
        }
      }
    })
  }

  test('the gate comes before the input: a malformed request tells a stranger nothing', async () => {
    for (const route of routes.filter((r) => r.operation.auth !== 'anyone')) {
      const path = route.path.replace(/:(\w+)/g, 'not-an-id')
      assert.equal(
        (await t.nobody.send(route.method, path, route.method === 'GET' ? undefined : { nonsense: 1 })).status,
        401,
        path,
      )
    }
  })

  test('a credential that is not valid is never nobody, except where signing in or out', async () => {
    for (const route of routes) {
      const { method, path, body } = requestFor(route, minimalInput(route))
      const answer = await clientFor(t.url, 'made.up.token', '').send(method, path, body)
      if (route.operation.tolerant) assert.notEqual(answer.body.code, 'token_invalid', path)
      else assert.deepEqual([answer.status, answer.body.code], [401, 'token_invalid'], path)
    }
  })
})

describe('contracts', () => {
  test('name each operation and route once', () => {
    const seen = routes.map((r) => `${r.method} ${r.path.replace(/:\w+/g, ':')}`)
    assert.deepEqual(
      seen.filter((r, i) => seen.indexOf(r) !== i),
      [],
    )
    const names = contracts.flatMap((c) => Object.keys(c.operations))
    assert.deepEqual(
      names.filter((n, i) => names.indexOf(n) !== i),
      [],
    )
  })

  test('every path name is a field that must be given, and every alias leads to a field', () => {
    for (const { operation, path, name } of routes) {
      const { properties, required = [] } = operation.input as unknown as { properties: object; required?: string[] }
      for (const [, field] of path.matchAll(/:(\w+)/g))
        assert.ok(required.includes(field as string), `${name} ${field}`)
      if (operation.kind !== 'public') continue
      for (const [alias, field] of Object.entries(operation.inputAliases ?? {}))
        assert.ok(!(alias in properties), `${name}: ${alias} -> ${field}`)
    }
  })

  test('anything that changes something for everybody needs a role or an owner', () => {
    const open = routes
      .filter((r) => r.method !== 'GET' && r.operation.auth === 'anyone')
      .map((r) => `${r.method} ${r.path}`)
    assert.deepEqual(open.sort(), [
      'POST /auth/login',
      'POST /auth/logout',
      'POST /auth/refresh',
      'POST /auth/register',
      'POST /songs/batch',
    ])
  })
})
