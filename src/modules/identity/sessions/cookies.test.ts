import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnyModule } from '#kernel/app/wire.ts'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import identityModule from '#modules/identity/index.ts'

const modules = [identityModule]
const ANN = { username: 'ann', email: 'ann@example.org', password: 'correct horse battery' }

/** Registers by cookie; answers `name=value` and the rest of each cookie that was set. */
async function signUp(t: TestApp, headers: Record<string, string> = {}) {
  // A server that others may reach wants it of the first account.
  const { rows } = await t.app.ports.db.pool.query<{ code: string }>('select code from identity.setup_code')
  const body = { ...ANN, ...(rows[0] ? { setupCode: rows[0].code } : {}) }
  const answer = await t.nobody.send('POST', '/auth/register', body, { 'x-tutti-session': 'cookie', ...headers })
  assert.equal(answer.status, 201, answer.text)
  return answer.headers.getSetCookie().map((c) => {
    const [pair = '', ...rest] = c.split('; ')
    const [name = '', value = ''] = pair.split('=')
    return { name, value, pair, flags: rest.map((f) => f.split('=')[0]?.toLowerCase()) }
  })
}
/** The same values under the names that any neighbour could set. */
const plain = (cookies: { name: string; value: string }[]) =>
  cookies.map((c) => `${c.name.replace('__Host-', '')}=${c.value}`).join('; ')
const pairs = (cookies: { pair: string }[]) => cookies.map((c) => c.pair).join('; ')

/** A gateway without the module, and behind it the module; only the gateway knows of the proxy before it. */
async function startInTwo(): Promise<TestApp> {
  const offers = Object.values(identityModule.contracts).map((contract) => ({ module: 'identity', contract }))
  const service = await startTestApp({ modules, options: { gateway: false } })
  const gateway = await startTestApp({
    modules,
    keep: { dataDir: service.dataDir, databaseUrl: service.databaseUrl },
    config: { trustProxy: ['loopback'], urls: { identity: service.url } },
    options: { offers, modules: [] as AnyModule[] },
  })
  const stop = async () => {
    await gateway.stop()
    await service.stop()
  }
  return { ...gateway, stop, [Symbol.asyncDispose]: stop }
}

describe('over TLS', () => {
  const worlds = [
    {
      name: 'by PUBLIC_URL',
      headers: {},
      start: () => startTestApp({ modules, config: { publicUrl: 'https://music.example' } }),
    },
    {
      name: 'as a trusted proxy says',
      headers: { 'x-forwarded-proto': 'https' },
      start: () => startTestApp({ modules, config: { trustProxy: ['loopback'] } }),
    },
    { name: 'as the proxy before a gateway says', headers: { 'x-forwarded-proto': 'https' }, start: startInTwo },
  ]
  for (const { name, headers, start } of worlds)
    test(`${name}: cookies are of this host alone, and no others are read`, async () => {
      await using t = await start()
      const cookies = await signUp(t, headers)
      assert.deepEqual(
        cookies.map((c) => c.name),
        ['__Host-tutti-access', '__Host-tutti-refresh'],
      )
      for (const { flags } of cookies) {
        for (const needed of ['secure', 'httponly', 'samesite', 'path']) assert.ok(flags.includes(needed), needed)
        assert.ok(!flags.includes('domain'))
      }
      const me = (cookie: string) => t.nobody.get('/auth/me', { cookie, ...headers })
      assert.equal((await me(plain(cookies))).status, 401)
      assert.equal((await me(pairs(cookies))).status, 200)
      const refresh = (cookie: string) =>
        t.nobody.send('POST', '/auth/refresh', {}, { cookie, 'sec-fetch-site': 'same-origin', ...headers })
      assert.deepEqual((await refresh(plain(cookies))).body.code, 'refresh_invalid')
      assert.equal((await refresh(pairs(cookies))).status, 200)
    })
})

test('without TLS the cookies have no prefix, and a word of strangers does not change that', async () => {
  await using t = await startTestApp({ modules })
  const cookies = await signUp(t, { 'x-forwarded-proto': 'https' })
  assert.deepEqual(
    cookies.map((c) => [c.name, c.flags.includes('secure')]),
    [
      ['tutti-access', false],
      ['tutti-refresh', false],
    ],
  )
  assert.equal((await t.nobody.get('/auth/me', { cookie: pairs(cookies) })).status, 200)
})

test('signing out takes all of them away', async () => {
  await using t = await startTestApp({ modules, config: { publicUrl: 'https://music.example' } })
  const cookie = pairs(await signUp(t))
  const left = await t.nobody.send('POST', '/auth/logout', undefined, { cookie, 'sec-fetch-site': 'same-origin' })
  assert.equal(left.status, 204)
  const gone = left.headers.getSetCookie().filter((c) => /Expires=Thu, 01 Jan 1970/i.test(c))
  assert.equal(gone.length, 4)
  assert.equal((await t.nobody.get('/auth/me', { cookie })).status, 401)
})
