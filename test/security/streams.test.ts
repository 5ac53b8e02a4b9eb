/** Bytes that are on their way to somebody whose access ends. */
import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { tempFolder, wavTone } from '#test/fixtures/audio.ts'
import { loadModules, MODULES } from '../../src/targets.ts'

/** More than all buffers between a server and a client that does not read. */
const FILE_BYTES = 96 * 1024 * 1024
const PASSWORD = 'correct horse battery'

describe('a stream that is under way', () => {
  let t: TestApp
  let music: Awaited<ReturnType<typeof tempFolder>>
  let admin: Client
  let song: string
  before(async () => {
    music = await tempFolder()
    const file = join(music.path, 'long.wav')
    await writeFile(file, wavTone({ sec: 1 }))
    await truncate(file, FILE_BYTES)
    const modules = await loadModules(Object.keys(MODULES))
    t = await startTestApp({ modules, config: { musicDirs: [music.path], enableAnalysis: false } })
    admin = await t.as('admin')
    song = await t.eventually(
      async () => (await admin.get('/songs')).body.items[0]?.id as string | undefined,
      'the song',
    )
  })
  after(async () => {
    await t.stop()
    await music.remove()
  })

  const signIn = async (username: string): Promise<Client> => {
    const { body } = await t.nobody.post('/auth/login', { username, password: PASSWORD })
    return clientFor(t.url, String(body.accessToken), String(body.user.id))
  }
  /** Begins to listen and stops reading; answers how it went on. */
  async function listen({ token }: Client) {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await new Promise<IncomingMessage>((resolve, reject) =>
      get(`${t.url}/api/v1/songs/${song}/stream`, { headers, agent: false }, resolve).on('error', reject),
    )
    assert.equal(answer.statusCode, 200)
    answer.pause()
    return async () => {
      let bytes = 0
      try {
        for await (const part of answer) bytes += (part as Buffer).length
      } catch {
        return { isWhole: false, bytes }
      }
      return { isWhole: bytes === FILE_BYTES, bytes }
    }
  }

  test('is cut when its session ends, and goes on for every other', async () => {
    await t.as('user')
    const [leaving, staying] = [await signIn('user'), await signIn('user')]
    const [left, stayed] = [await listen(leaving), await listen(staying)]
    await leaving.post('/auth/logout')
    assert.equal((await left()).isWhole, false)
    assert.equal((await stayed()).isWhole, true)
  })

  test('is cut when its person is blocked, also one that an API key asked for; another role does not cut it', async () => {
    await t.as('stranger')
    const person = await signIn('stranger')
    const { key } = (await person.post('/auth/api-keys', { name: 'radio' })).body as { key: string }
    const [byKey, bySession] = [await listen(clientFor(t.url, key, '')), await listen(person)]
    const promoted = await admin.patch(`/admin/users/${person.userId}/role`, { role: 'artist' })
    assert.equal(promoted.status, 200, promoted.text)
    const during = await listen(await signIn('stranger'))
    assert.equal((await during()).isWhole, true)
    await admin.patch(`/admin/users/${person.userId}/block`, { isBlocked: true })
    assert.deepEqual([(await byKey()).isWhole, (await bySession()).isWhole], [false, false])
  })
})
