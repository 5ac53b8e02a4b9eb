import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { system } from '#kernel/caller.ts'
import { newId } from '#kernel/ids.ts'
import { type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'

const sees = async (who: Client, whom: Client) => (await who.get(`/users/${whom.userId}`)).status
const plain = ({ instance: _i, requestId: _r, ...rest }: Record<string, unknown>) => rest

describe('personal blocks', () => {
  let t: TestApp
  let user: Client
  let stranger: Client
  let admin: Client
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    admin = await t.as('admin')
    user = await t.as('user')
    stranger = await t.as('stranger')
  })
  after(() => t.stop())
  const blocksOf = async (userId: string) => {
    const { api } = t.app.wired.find((w) => w.module.name === 'identity')?.running ?? assert.fail()
    const ask = api['profile']?.blocksOf as unknown as (w: unknown, i: object) => Promise<{ userIds: string[] }>
    return (await ask(system('test'), { userId })).userIds
  }

  test('neither sees the other, everybody else sees both; taken back, all is as before', async () => {
    const made = await user.put(`/blocks/${stranger.userId}`)
    assert.equal(made.status, 200, made.text)
    assert.equal(made.body.user.username, 'stranger')
    assert.deepEqual((await user.put(`/blocks/${stranger.userId}`)).body, made.body, 'once more is the same block')
    assert.deepEqual([await sees(user, stranger), await sees(stranger, user)], [404, 404])
    assert.deepEqual([await sees(admin, stranger), await sees(t.nobody, user), await sees(user, user)], [200, 200, 200])
    assert.deepEqual((await user.get(`/blocks/${stranger.userId}`)).body, made.body)
    assert.deepEqual((await user.get('/blocks?count=true')).body, { items: [made.body], nextCursor: null, total: 1 })
    assert.equal((await user.get('/users/me/stats')).body.account.blocked, 1)
    assert.deepEqual([await blocksOf(user.userId), await blocksOf(stranger.userId)], [[stranger.userId], [user.userId]])
    for (let i = 0; i < 2; i++) assert.equal((await user.delete(`/blocks/${stranger.userId}`)).status, 204)
    assert.deepEqual([await sees(user, stranger), await sees(stranger, user)], [200, 200])
    assert.equal((await user.get(`/blocks/${stranger.userId}`)).status, 404)
    assert.deepEqual(await blocksOf(user.userId), [])
  })

  test('who is blocked cannot find out: it is as if the other had never been', async () => {
    await user.put(`/blocks/${stranger.userId}`)
    const unknown = newId()
    for (const path of ['/users/', '/blocks/', '/users/ID/avatar']) {
      const at = (id: string) => (path.includes('ID') ? path.replace('ID', id) : path + id)
      for (const method of path === '/blocks/' ? ['GET', 'PUT'] : ['GET']) {
        const real = await stranger.send(method, at(user.userId))
        const none = await stranger.send(method, at(unknown))
        assert.equal(real.status, 404)
        assert.deepEqual(plain(real.body), plain(none.body))
      }
    }
    assert.deepEqual((await stranger.get('/blocks')).body.items, [])
    assert.equal((await stranger.delete(`/blocks/${user.userId}`)).status, 204)
    assert.equal(await sees(stranger, user), 404, 'a block is taken back only by who made it')
    await user.delete(`/blocks/${stranger.userId}`)
  })

  test('not oneself, not who is not there, and not as nobody', async () => {
    const self = await user.put(`/blocks/${user.userId}`)
    assert.deepEqual([self.status, self.body.code], [409, 'not_yourself'])
    assert.equal((await user.put(`/blocks/${newId()}`)).status, 404)
    assert.equal((await user.put('/blocks/me')).status, 400)
    for (const method of ['GET', 'PUT', 'DELETE'])
      assert.equal((await t.nobody.send(method, `/blocks/${user.userId}`)).status, 401)
    assert.equal((await t.nobody.get('/blocks')).status, 401)
  })

  test('the list goes on page by page', async () => {
    const { pool } = t.app.ports.db
    const ids = Array.from({ length: 5 }, () => newId())
    for (const [i, id] of ids.entries())
      await pool.query(`insert into identity.users (id, username, display_name) values ($1, $2, 'x')`, [
        id,
        `many-${i}`,
      ])
    for (const id of ids) assert.equal((await user.put(`/blocks/${id}`)).status, 200)
    const found: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await user.get(`/blocks?limit=2${cursor && `&cursor=${cursor}`}`)
      found.push(...(page.body.items as { user: { id: string } }[]).map((b) => b.user.id))
      cursor = page.body.nextCursor as string | null
    }
    assert.deepEqual(found, ids)
    const bad = await user.get('/blocks?cursor=nonsense')
    assert.deepEqual([bad.status, bad.body.code], [400, 'bad_cursor'])
  })
})
