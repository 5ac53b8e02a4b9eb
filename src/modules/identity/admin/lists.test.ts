import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { USER_SORTS } from './contract.ts'
import { account } from './testing.ts'

/** Username, e-mail, display name, role; the first is made first. */
const PEOPLE = [
  ['Zoe', 'zoe@music.example', 'Zoë Müller', 'user'],
  ['ann_lee', 'ann@example.org', 'Ann Lee', 'artist'],
  ['bob-x', 'robert@example.org', 'Robert "Bob" X', 'user'],
  ['cay', 'cay@example.org', 'Cay 100%', 'user'],
  ['Dora.K', 'dora@music.example', 'Дора Ким', 'artist'],
  ['emil', null, 'Emil Ørsted', 'user'],
] as const

describe('lists of users', () => {
  let t: TestApp
  let admin: Client
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    admin = await t.as('admin')
    for (const [username, email, displayName, role] of PEOPLE) {
      const { userId } = await account(t, username)
      await t.app.ports.db.pool.query(
        'update identity.users set email = $2, display_name = $3, role = $4 where id = $1',
        [userId, email, displayName, role],
      )
      if (username === 'cay') await admin.patch(`/admin/users/${userId}/block`, { isBlocked: true })
    }
  })
  after(() => t.stop())
  const list = async (query: Record<string, string>) => {
    const { status, body, text } = await admin.get(`/admin/users?${new URLSearchParams(query).toString()}`)
    assert.equal(status, 200, text)
    return { ...body, names: (body.items as { username: string }[]).map((u) => u.username) } as {
      names: string[]
      nextCursor: string | null
      total?: number
    }
  }
  const found = async (q: string) => (await list({ q, sort: 'username' })).names

  test('are sorted as asked', async () => {
    const oldest = ['admin', 'Zoe', 'ann_lee', 'bob-x', 'cay', 'Dora.K', 'emil']
    const byName = ['admin', 'ann_lee', 'bob-x', 'cay', 'Dora.K', 'emil', 'Zoe']
    assert.deepEqual((await list({})).names, oldest.toReversed())
    assert.deepEqual((await list({ sort: 'oldest' })).names, oldest)
    assert.deepEqual((await list({ sort: 'username' })).names, byName)
    assert.deepEqual((await list({ sort: '-username' })).names, byName.toReversed())
  })

  test('are filtered by role and block, and counted', async () => {
    assert.deepEqual((await list({ role: 'artist', sort: 'username' })).names, ['ann_lee', 'Dora.K'])
    assert.deepEqual((await list({ role: 'admin' })).names, ['admin'])
    assert.deepEqual((await list({ isBlocked: 'true' })).names, ['cay'])
    assert.deepEqual((await list({ blocked: 'true', role: 'artist' })).names, [])
    const free = await list({ isBlocked: 'false', limit: '2', count: 'true' })
    assert.deepEqual([free.names.length, free.total], [2, 6])
    assert.equal((await list({ q: 'example', role: 'user', count: 'true' })).total, 3)
  })

  test('are searched by any part of a name or e-mail, in any case, with or without accents', async () => {
    const cases: [string, string[]][] = [
      ['zoe', ['Zoe']],
      ['ZOË', ['Zoe']],
      ['muller', ['Zoe']],
      ['ULL', ['Zoe']],
      ['дора', ['Dora.K']],
      ['music.example', ['Dora.K', 'Zoe']],
      ['ann@example.org', ['ann_lee']],
      ['robert', ['bob-x']],
      ['obert exam', ['bob-x']],
      ['lee ann', ['ann_lee']],
      ['lee bob', []],
      ['z', ['Zoe']],
      ['mü', ['Dora.K', 'Zoe']],
      ['em', ['emil']],
      ['il', []],
      ['ille', []],
      ['100%', ['cay']],
      ['100_', []],
      ['%%%', []],
      ['n_l', ['ann_lee']],
      ["'; drop table", []],
      ['   ', ['admin', 'ann_lee', 'bob-x', 'cay', 'Dora.K', 'emil', 'Zoe']],
    ]
    for (const [q, expected] of cases) assert.deepEqual(await found(q), expected, q)
  })

  test('come in pages that neither repeat nor leave out, whoever joins meanwhile', async () => {
    for (const sort of USER_SORTS) {
      const whole = (await list({ sort, limit: '100' })).names
      const seen: string[] = []
      let cursor: string | null = ''
      for (let page = 0; cursor !== null; page++) {
        const { names, nextCursor }: Awaited<ReturnType<typeof list>> = await list({ sort, limit: '2', cursor })
        seen.push(...names)
        cursor = nextCursor
        await account(t, `${sort.replace('-', 'x')}${page}`)
      }
      assert.deepEqual(
        seen.filter((name) => whole.includes(name)),
        whole,
        sort,
      )
      assert.equal(new Set(seen).size, seen.length, sort)
    }
  })

  test('refuse a cursor that is not theirs', async () => {
    const { nextCursor } = await list({ sort: 'username', limit: '1' })
    const other = Buffer.from(JSON.stringify(['users:newest', "x' or true --"])).toString('base64url')
    for (const [cursor, sort] of [
      [nextCursor ?? '', 'newest'],
      [nextCursor ?? '', '-username'],
      ['nonsense', 'newest'],
      [other, 'newest'],
      [other.replace('new', 'old'), 'username'],
    ] as const) {
      const { status, body } = await admin.get(`/admin/users?${new URLSearchParams({ cursor, sort }).toString()}`)
      assert.deepEqual([status, body.code], [400, 'bad_cursor'], cursor)
    }
    assert.equal((await admin.get('/admin/users?sort=email')).status, 400)
    assert.equal((await admin.get('/admin/users?limit=1000')).status, 400)
  })

  test('show what an admin needs and no secret', async () => {
    const { items } = (await admin.get('/admin/users?q=zoe')).body
    const [zoe] = items
    assert.deepEqual(
      [zoe.username, zoe.email, zoe.displayName, zoe.role, zoe.isBlocked, zoe.hasPassword],
      ['Zoe', 'zoe@music.example', 'Zoë Müller', 'user', false, true],
    )
    assert.ok(Date.parse(zoe.lastSeenAt) > 0)
    assert.ok(!JSON.stringify(items).includes('argon2'))
    assert.deepEqual((await admin.get(`/admin/users/${zoe.id}`)).body, zoe)
  })
})
