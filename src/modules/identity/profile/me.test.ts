import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'

const DEFAULTS = {
  theme: 'system',
  audioSensitivity: 1,
  bassBoost: 1,
  trebleBoost: 1,
  defaultPresetId: null,
  privacyLevel: 'standard',
  autoGenerate: false,
}

const preferencesAfter = async (who: Client, preferences: object) =>
  (await who.patch('/users/me', { preferences })).body.preferences

describe('my profile', () => {
  let t: TestApp
  let user: Client
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    user = await t.as('user')
    await t.as('stranger')
  })
  after(() => t.stop())

  test('what is named changes, the rest stays; by every spelling', async () => {
    const before = (await user.get('/users/me')).body
    assert.deepEqual(before.preferences, DEFAULTS)
    const routes = [
      ['PATCH', '/users/me', { displayName: '  Ünal  ' }, { displayName: 'Ünal' }],
      ['PUT', '/users/me', { username: 'Unal' }, { username: 'Unal' }],
      ['PATCH', '/users/profile', { fullName: 'Ünal A.' }, { displayName: 'Ünal A.' }],
      ['PUT', '/users/profile', { is_anonymous: true }, { isAnonymous: true }],
    ] as const
    const expected = { ...before }
    for (const [method, path, body, changed] of routes) {
      const answer = await user.send(method, path, body)
      assert.equal(answer.status, 200, answer.text)
      Object.assign(expected, changed, { revision: expected.revision + 1 })
      assert.deepEqual(answer.body, expected)
      assert.deepEqual((await user.get('/auth/me')).body, expected)
    }
    const others = await t.nobody.get(`/users/${user.userId}`)
    assert.deepEqual(others.body, { id: user.userId, username: 'Unal', displayName: 'Ünal A.', avatarUrl: null })
    assert.equal((await user.patch('/users/me', { username: 'user' })).status, 200)
  })

  test('preferences are changed one by one, and null takes the preset away', async () => {
    const id = '01990000-0000-7000-8000-000000000000'
    assert.deepEqual(await preferencesAfter(user, { theme: 'dark', bassBoost: 1.5 }), {
      ...DEFAULTS,
      theme: 'dark',
      bassBoost: 1.5,
    })
    assert.equal((await preferencesAfter(user, { defaultPresetId: id, privacyLevel: 'private' })).defaultPresetId, id)
    assert.deepEqual(await preferencesAfter(user, { defaultPresetId: null, autoGenerate: true, audioSensitivity: 0 }), {
      ...DEFAULTS,
      theme: 'dark',
      bassBoost: 1.5,
      privacyLevel: 'private',
      autoGenerate: true,
      audioSensitivity: 0,
    })
  })

  test('nobody raises themselves: who may do what stands in no body', async () => {
    const before = (await user.get('/users/me')).body
    const evil: Record<string, unknown> = {
      role: 'admin',
      isBlocked: false,
      email: 'admin@example.org',
      emailVerified: true,
      id: '01990000-0000-7000-8000-000000000000',
      scopes: ['admin'],
      passwordHash: 'x',
    }
    for (const [field, value] of Object.entries(evil)) {
      for (const [method, path] of [
        ['PATCH', '/users/me'],
        ['PUT', '/users/profile'],
      ] as const) {
        const answer = await user.send(method, path, { displayName: 'Eve', [field]: value })
        assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_input'], field)
        assert.deepEqual(answer.body.errors, [{ path: `/${field}`, message: 'is not a known field' }])
      }
    }
    assert.deepEqual((await user.get('/users/me')).body, before)
  })

  test('a name stays in its line and turns nothing round, chosen at the beginning or later', async () => {
    const names = { '\u202enimda\u202c': 'nimda', 'a\n\u001b[31mb\u0007': 'a [31mb', ' Zoë 👩‍🎤 ': 'Zoë 👩‍🎤' }
    let n = 0
    for (const [displayName, shown] of Object.entries(names)) {
      assert.equal((await user.patch('/users/me', { displayName })).body.displayName, shown)
      const username = `named${++n}`
      const person = { username, email: `${username}@example.org`, password: 'four words are fine', displayName }
      assert.equal((await t.nobody.post('/auth/register', person)).body.user.displayName, shown)
    }
    const unseen = {
      username: 'unseen',
      email: 'unseen@example.org',
      password: 'four words are fine',
      displayName: '\u200b',
    }
    const refused = await t.nobody.post('/auth/register', unseen)
    assert.deepEqual([refused.status, refused.body.errors?.[0]?.path], [400, '/displayName'])
  })

  test('what is wrong is said, and nothing changes', async () => {
    const before = (await user.get('/users/me')).body
    const cases: [object, string][] = [
      [{ displayName: '' }, '/displayName'],
      [{ displayName: '   ' }, '/displayName'],
      [{ displayName: '\u200b\u2060\u3164\n' }, '/displayName'],
      [{ displayName: 'a'.repeat(81) }, '/displayName'],
      [{ displayName: null }, '/displayName'],
      [{ username: 'ab' }, '/username'],
      [{ username: 'has space' }, '/username'],
      [{ username: 'mail@example.org' }, '/username'],
      [{ preferences: null }, '/preferences'],
      [{ preferences: { colour: 'red' } }, '/preferences/colour'],
      [{ preferences: { theme: 'pink' } }, '/preferences/theme'],
      [{ preferences: { bassBoost: 2.1 } }, '/preferences/bassBoost'],
      [{ preferences: { bassBoost: '1' } }, '/preferences/bassBoost'],
      [{ preferences: { defaultPresetId: 'mine' } }, '/preferences/defaultPresetId'],
      [{ preferences: { autoGenerate: 1 } }, '/preferences/autoGenerate'],
    ]
    for (const [body, path] of cases) {
      const answer = await user.patch('/users/me', body)
      assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_input'], JSON.stringify(body))
      assert.equal(answer.body.errors[0].path, path)
    }
    for (const username of ['stranger', 'STRANGER']) {
      const taken = await user.patch('/users/me', { username, displayName: 'Changed?' })
      assert.deepEqual([taken.status, taken.body.code], [409, 'name_taken'])
    }
    assert.deepEqual((await user.get('/users/me')).body, before)
    assert.equal((await user.patch('/users/me', {})).body.revision, before.revision)
  })

  test('who asks for the revision that was seen overwrites nothing newer', async () => {
    const seen = await user.get('/users/me')
    const etag = seen.headers.get('etag') ?? ''
    assert.equal(etag, `"${seen.body.revision}"`)
    assert.equal((await user.get('/users/me', { 'if-none-match': etag })).status, 304)
    const change = (displayName: string, ifMatch: string) =>
      user.send('PATCH', '/users/me', { displayName }, { 'if-match': ifMatch })
    const first = await change('First', etag)
    assert.equal(first.status, 200, first.text)
    assert.equal(first.headers.get('etag'), `"${seen.body.revision + 1}"`)
    const late = await change('Late', etag)
    assert.deepEqual([late.status, late.body.code], [412, 'precondition_failed'])
    assert.equal((await user.get('/users/me', { 'if-none-match': etag })).body.displayName, 'First')
    for (const old of ['"nonsense"', `"${seen.body.revision}", "5"`, '"-1"', '"999999999999999999999"'])
      assert.ok([400, 412].includes((await change('Late', old)).status), old)
    for (const good of ['*', `W/${first.headers.get('etag')}`]) assert.equal((await change('First', good)).status, 200)
    const both = await Promise.all(['A', 'B', 'C', 'D'].map((name) => change(name, first.headers.get('etag') ?? '')))
    assert.deepEqual(both.map((a) => a.status).sort(), [200, 412, 412, 412])
  })

  test('nobody has no profile', async () => {
    for (const [method, path] of [
      ['PATCH', '/users/me'],
      ['GET', '/users/me'],
      ['GET', '/users/me/stats'],
    ] as const)
      assert.equal((await t.nobody.send(method, path, method === 'PATCH' ? {} : undefined)).status, 401)
  })
})

describe('what others may know', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [identity] })
  })
  after(() => t.stop())

  test('name and picture, and nothing of who may do what; a blocked account is not there', async () => {
    const [admin, user, stranger] = [await t.as('admin'), await t.as('user'), await t.as('stranger')]
    for (const who of [t.nobody, user, stranger, admin])
      assert.deepEqual((await who.get(`/users/${admin.userId}`)).body, {
        id: admin.userId,
        username: 'admin',
        displayName: 'admin',
        avatarUrl: null,
      })
    await t.app.ports.db.pool.query('update identity.users set is_blocked = true where id = $1', [user.userId])
    for (const who of [t.nobody, stranger, admin]) {
      const answer = await who.get(`/users/${user.userId}`)
      assert.deepEqual([answer.status, answer.body.code], [404, 'not_found'])
    }
  })

  test('numbers of the account', async () => {
    const user = await t.as('stranger')
    const { body, status } = await user.get('/users/me/stats')
    assert.equal(status, 200)
    assert.ok(Date.parse(body.account.lastSignInAt) >= Date.parse(body.account.memberSince))
    assert.deepEqual(
      { ...body.account, memberSince: '', lastSignInAt: '' },
      // One session from registering, one from signing in.
      { memberSince: '', lastSignInAt: '', sessions: 2, apiKeys: 0, linkedAccounts: 0, blocked: 0 },
    )
    assert.deepEqual(body.parts, {})
  })
})
