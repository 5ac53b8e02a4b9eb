import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ROLES } from '#kernel/caller.ts'
import { PERSONAL } from '#kernel/personal.ts'
import { type Answer, type Client, clientFor } from '#kernel/testing.ts'
import { loadModules, MODULES, OFFERS } from '../src/targets.ts'
import { minimalInput, requestFor, type Route, routesIn } from './authorization/routes.ts'
import type { Cell, Row } from './authorization/rows.ts'
import { TABLE } from './authorization/table.ts'
import { makeWorld, PEOPLE, type Person, type SIGNED_IN, type World } from './authorization/world.ts'

const modules = await loadModules(Object.keys(MODULES))
const contracts = OFFERS.map((o) => o.contract)
const routes = routesIn(contracts)
const ROLE = {
  nobody: undefined,
  blocked: 'user',
  stranger: 'user',
  owner: 'user',
  artist: 'artist',
  admin: 'admin',
} as const

type Input = Record<string, unknown>
const send = (client: Client, route: Route, input: Input) => {
  const { method, path, body } = requestFor(route, input)
  return client.send(method, path, body)
}

/** What the gate answers before anything else is looked at; undefined lets the request through. */
function refusal(route: Route, who: Person): readonly [number, string] | undefined {
  const { auth, tolerant } = route.operation
  if (who === 'blocked' && !tolerant) return [401, 'session_ended']
  if (auth === 'anyone') return undefined
  const role = ROLE[who]
  if (role === undefined || who === 'blocked') return [401, 'unauthorized']
  return ROLES.indexOf(role) >= ROLES.indexOf(auth) ? undefined : [403, 'role_required']
}

function assertCell(answer: Answer, cell: Cell, who: Person): void {
  const [status, code] = typeof cell === 'number' ? [cell, undefined] : cell
  assert.equal(answer.status, status, `${who}: ${answer.text.slice(0, 300)}`)
  if (code) assert.equal(answer.body.code, code, who)
}

/** What a server without mail and providers answers to everybody it lets in. */
const NOT_SET_UP = new Set(['mail_not_configured', 'provider_not_configured'])

/** Past the gate: whatever the operation then says of the input, it is no refusal of the person. */
function assertAdmitted(answer: Answer, who: Person): void {
  assert.ok(answer.status < 500 || NOT_SET_UP.has(answer.body.code), `${who}: ${answer.text}`)
  const refusals = ['role_required', 'forbidden', 'no_such_route', 'session_required', 'scope_missing']
  assert.ok(!refusals.includes(answer.body.code), `${who}: ${answer.text}`)
  if (who !== 'nobody' && who !== 'blocked')
    assert.ok(!['unauthorized', 'session_ended'].includes(answer.body.code), `${who}: ${answer.text}`)
}

/** What the gate answers to an API key of an admin, besides who the admin is. */
function refusalOfKey({ operation, method }: Route, scopes: readonly string[]): readonly [number, string] | undefined {
  const needed = [
    operation.scope ?? (method === 'GET' ? 'read' : 'write'),
    ...(operation.auth === 'admin' ? ['admin'] : []),
  ]
  if (operation.auth === 'admin' && !scopes.includes('admin')) return [403, 'role_required']
  if (operation.credential === 'session') return [403, 'session_required']
  return needed.every((scope) => scopes.includes(scope)) ? undefined : [403, 'scope_missing']
}
/** Each may end the key that asks, so it is asked at the very last. */
const ENDS_KEYS = new Set(['logout', 'eraseMe'])
const last = (route: Route): number => Number(ENDS_KEYS.has(route.name))

describe('who may call what', () => {
  let w: World
  before(async () => {
    w = await makeWorld(modules)
  })
  after(() => w.stop())

  test('every module of the program is asked, and every operation has a row', () => {
    const names = new Set(routes.map((r) => r.name))
    assert.ok(routes.length >= 40, `${routes.length} routes`)
    assert.deepEqual(
      [...names].filter((name) => !(name in TABLE)),
      [],
      'without a row: say who may call it in test/authorization/table.ts',
    )
    assert.deepEqual(
      Object.keys(TABLE).filter((name) => !names.has(name)),
      [],
      'a row of no operation',
    )
    const named = new Set(routes.map((r) => r.contract))
    for (const module of Object.values(MODULES))
      for (const { name } of module.offers) assert.ok(named.has(name), `${name} has no public operation`)
  })

  /** Asks as one person. Who may lose the account by asking is somebody new. */
  async function ask(route: Route, row: Row, who: Person): Promise<void> {
    const refused = refusal(route, who)
    if (refused) return assertCell(await send(w.client(who), route, minimalInput(route)), refused, who)
    if (row.kind === 'thing' && who !== 'blocked')
      return assertCell(await send(w.client(who), route, await row.input(w)), row.answers[who], who)
    if (row.kind === 'list') return askList(route, row, who)
    const account = who === 'nobody' || who === 'blocked' ? undefined : await accountFor(row, who)
    const input = { ...minimalInput(route), ...(row.kind === 'self' && account ? row.input?.(account) : {}) }
    assertAdmitted(await send(account?.client ?? w.client(who), route, input), who)
  }
  const accountFor = async (row: Row, who: (typeof SIGNED_IN)[number]) =>
    row.kind === 'self' && row.ends ? w.fresh(who) : w.account(who)

  async function askList(route: Route, row: Row & { kind: 'list' }, who: Person): Promise<void> {
    const { id, input } = await row.make(w)
    const answer = await send(w.client(who), route, input ?? minimalInput(route))
    assert.equal(answer.status, 200, `${who}: ${answer.text}`)
    assert.equal(answer.text.includes(id), row.seenBy.includes(who), `${who}: ${answer.text.slice(0, 500)}`)
  }

  for (const route of routes)
    test(`${route.method} ${route.path} (${route.operation.auth})`, async () => {
      const row = TABLE[route.name]
      assert.ok(row, `${route.name} has no row in test/authorization/table.ts`)
      for (const who of PEOPLE) await ask(route, row, who)
    })

  for (const scopes of [['read'], ['write'], ['read', 'write'], ['read', 'write', 'admin']])
    test(`an API key for ${scopes.join(', ')} does that and no more`, async () => {
      const { client } = await w.fresh('admin')
      const made = await client.post('/auth/api-keys', { name: 'matrix', scopes })
      const key = clientFor(w.app.url, String(made.body.key), '')
      for (const route of [...routes].sort((a, b) => last(a) - last(b))) {
        if (route.operation.tolerant) continue
        const answer = await send(key, route, minimalInput(route))
        const refused = refusalOfKey(route, scopes)
        if (refused) assertCell(answer, refused, 'admin')
        else assertAdmitted(answer, 'admin')
      }
    })

  test('the gate comes before the input: a malformed request tells a stranger nothing', async () => {
    for (const route of routes.filter((r) => r.operation.auth !== 'anyone')) {
      const path = route.path.replace(/:(\w+)/g, 'not-an-id')
      const body = route.method === 'GET' ? undefined : { nonsense: 1 }
      assert.equal((await w.app.nobody.send(route.method, path, body)).status, 401, path)
    }
  })

  test('a credential that is not valid is never nobody, except where signing in or out', async () => {
    for (const route of routes) {
      const answer = await send(clientFor(w.app.url, 'made.up.token', ''), route, minimalInput(route))
      if (route.operation.tolerant) assert.notEqual(answer.body.code, 'token_invalid', route.path)
      else assert.deepEqual([answer.status, answer.body.code], [401, 'token_invalid'], route.path)
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
    // What any contract may offer of a person has one name everywhere.
    const shared = Object.keys(PERSONAL)
    const names = contracts.flatMap((c) => Object.keys(c.operations).filter((name) => !shared.includes(name)))
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
      'POST /auth/exchange',
      'POST /auth/forgot-password',
      'POST /auth/login',
      'POST /auth/logout',
      'POST /auth/refresh',
      'POST /auth/register',
      'POST /auth/reset-password',
      'POST /auth/verify-email',
      'POST /songs/batch',
    ])
  })
})
