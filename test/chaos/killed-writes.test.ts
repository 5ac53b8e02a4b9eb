import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, clientFor } from '#kernel/testing.ts'
import { makeHouse, needsProc, type Product } from './house.ts'

const ROUNDS = 5
const WRITERS = 3
/** A kill comes so long after the first write of its round, at random. */
const KILL_AFTER_MS = { min: 50, max: 1500 }
const ENV = { RATE_LIMIT_AUTH_PER_MIN: '100000', ENABLE_ANALYSIS: 'false' }
const PASSWORD = 'correct horse battery'

/** A session as its owner knows it: the tokens that the server has confirmed, oldest first. */
type Held = { username: string; access: string; tokens: string[]; isOpen: boolean }

const nobodyAt = (base: string): Client => clientFor(base, '', '')

/** Sends; undefined when the server dies before it answers. */
const ask = (client: Client, path: string, body: object) => client.post(path, body).catch(() => undefined)

/** Registers and trades tokens until the server is gone. What is answered goes into `held`. */
async function write(base: string, name: (n: number) => string, held: Held[]): Promise<void> {
  const nobody = nobodyAt(base)
  for (let n = 0; ; n++) {
    const username = name(n)
    const made = await ask(nobody, '/auth/register', { username, email: `${username}@example.org`, password: PASSWORD })
    if (!made) return
    assert.equal(made.status, 201, made.text)
    const session: Held = { username, access: '', tokens: [], isOpen: true }
    const hold = (body: Record<string, unknown>) => {
      session.access = String(body['accessToken'])
      session.tokens.push(String(body['refreshToken']))
    }
    hold(made.body)
    held.push(session)
    for (let i = 0; i < 2; i++) {
      session.isOpen = false // whether an unanswered trade took place cannot be known
      const traded = await ask(nobody, '/auth/refresh', { refreshToken: session.tokens.at(-1) })
      if (!traded) return
      assert.equal(traded.status, 200, traded.text)
      hold(traded.body)
      session.isOpen = true
    }
  }
}

/** All that was confirmed is still so; the newest token works, and then no other. */
async function check(product: Product, held: readonly Held[]): Promise<void> {
  const nobody = nobodyAt(product.base)
  for (const session of held) {
    const me = await clientFor(product.base, session.access, '').get('/auth/me')
    assert.deepEqual([me.status, me.body['username']], [200, session.username])
    if (!session.isOpen) continue
    const traded = await nobody.post('/auth/refresh', { refreshToken: session.tokens.at(-1) })
    assert.equal(traded.status, 200, `the newest token of ${session.username}: ${traded.text}`)
    session.tokens.push(String(traded.body['refreshToken']))
  }
}

async function checkUsedTokens(product: Product, held: readonly Held[]): Promise<void> {
  const nobody = nobodyAt(product.base)
  for (const { tokens, username } of held) {
    const stale = tokens.length > 1 ? tokens[0] : undefined
    if (stale === undefined) continue
    const reused = await nobody.post('/auth/refresh', { refreshToken: stale })
    assert.deepEqual([reused.status, reused.body['code']], [401, 'refresh_reused'], username)
  }
}

test('kill -9 again and again: every confirmed account, sign-in and token trade stands', needsProc, async (t) => {
  const house = makeHouse(t)
  const held: Held[] = []
  let product = await house.start(ENV)
  for (let round = 0; round < ROUNDS; round++) {
    const killMs = randomInt(KILL_AFTER_MS.min, KILL_AFTER_MS.max)
    const before = held.length
    const { base } = product
    const writers = Array.from({ length: WRITERS }, (_, w) => write(base, (n) => `r${round}w${w}n${n}`, held))
    const killed = sleep(killMs).then(() => house.kill(product))
    await Promise.all([...writers, killed])
    t.diagnostic(`round ${round}: killed after ${killMs} ms and ${held.length - before} accounts`)
    product = await house.start(ENV)
    await check(product, held.slice(before))
  }
  assert.ok(held.length > 0)
  const users = await house.sql<{ n: number; admins: number }>(
    `select count(*)::int as n, count(*) filter (where role = 'admin')::int as admins from identity.users`,
  )
  // One that was made and not confirmed may exist as well: one a writer and round at most.
  const extra = (users[0]?.n ?? 0) - held.length
  assert.ok(extra >= 0 && extra <= ROUNDS * WRITERS, `${extra} more accounts than confirmed`)
  assert.equal(users[0]?.admins, 1)
  for (const { username } of held.slice(0, 3))
    assert.equal((await nobodyAt(product.base).post('/auth/login', { username, password: PASSWORD })).status, 200)
  await checkUsedTokens(product, held)
  assert.equal(await product.end('SIGTERM'), 0)
})
