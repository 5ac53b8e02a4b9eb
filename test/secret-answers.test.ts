import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { routesOf } from '#kernel/contract.ts'
import { isSecret } from '#kernel/http/server-headers.ts'
import { startTestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { OFFERS } from '../src/targets.ts'

/** Names of fields that let whoever reads them act as somebody. */
const SECRET_FIELD = /token$|secret/i
/** Of accounts; a song has a key too. */
const OF_ACCOUNTS = /^(?:key|code|linkCode)$/

/** Names of all fields of a JSON schema. */
function fieldsOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const properties = 'properties' in schema ? Object.keys(schema.properties as object) : []
  return [...properties, ...Object.values(schema).flatMap(fieldsOf)]
}

describe('answers that carry secrets', () => {
  test('stand only at addresses whose answers nobody keeps', () => {
    const operations = OFFERS.flatMap(({ contract, module }) =>
      Object.entries(contract.operations).map(([name, o]) => ({ name, o, isOfAccounts: module === 'identity' })),
    )
    const carrying = operations.flatMap(({ name, o, isOfAccounts }) => {
      const fields = o.kind === 'public' ? fieldsOf(o.output) : []
      const carries = fields.some((f) => SECRET_FIELD.test(f) || (isOfAccounts && OF_ACCOUNTS.test(f)))
      return carries && o.kind === 'public' ? [{ name, o }] : []
    })
    const names = carrying.map(({ name }) => name)
    for (const name of ['register', 'login', 'refresh', 'createApiKey'])
      assert.ok(names.includes(name), `${name} was not seen`)
    for (const { name, o } of carrying)
      for (const { path } of routesOf(o)) assert.ok(isSecret(`/api/v1${path}`) && isSecret(`/api${path}`), name)
  })

  test('say so, over HTTP, also when they are refusals', async () => {
    await using t = await startTestApp({ modules: [identity] })
    const user = await t.as('admin')
    const login = { username: 'admin', password: 'correct horse battery' }
    const answers = [
      await t.nobody.post('/auth/login', login),
      await t.nobody.post('/auth/login', { ...login, password: 'wrong' }),
      await t.nobody.post('/auth/refresh', { refreshToken: 'none' }),
      await user.post('/auth/api-keys', { name: 'phone', scopes: ['read'] }),
      await user.get('/auth/me'),
      await user.get('/users/me'),
      await user.get('/auth/sessions'),
      await user.get('/admin/users'),
      await user.get('/api/users/me'),
      await t.nobody.get('/admin/users'),
    ]
    assert.deepEqual(
      answers.map((a) => a.status),
      [200, 401, 401, 201, 200, 200, 200, 200, 200, 401],
    )
    for (const a of answers) assert.equal(a.headers.get('cache-control'), 'no-store', a.text)
  })
})
