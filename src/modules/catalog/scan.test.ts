import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import catalog from './index.ts'
import { mp3, musicFolder } from './testing.ts'

test('a folder of the configuration is scanned unasked, before there is an account', async () => {
  const music = await musicFolder()
  await music.put(
    'a/01.mp3',
    mp3({ tags: { TIT2: 'One', TPE1: 'Björk', TALB: 'Post', TPE2: 'Björk', TRCK: '1', TYER: '1995', TCON: 'Pop' } }),
  )
  await music.put('a/02.mp3', mp3({ tags: { TIT2: 'Two', TPE1: 'Björk', TALB: 'Post', TPE2: 'Björk', TRCK: '2' } }))
  await music.put('bad.mp3', 'this is no audio at all')
  await using app = await startTestApp({ modules: [identity, catalog], config: { musicDirs: [music.root] } })
  const admin = await app.as('admin')
  const list = await app.eventually(async () => {
    const { body } = await admin.get('/songs?count=true')
    return body.total === 2 && body
  }, 'two songs')
  console.dir(list, { depth: 9 })
  const status = await admin.get('/library/status')
  console.dir(status.body, { depth: 9 })
  console.dir((await admin.get('/albums')).body, { depth: 9 })
  console.dir((await admin.get('/artists')).body, { depth: 9 })
  console.dir((await admin.get('/library/faults')).body, { depth: 9 })
  console.dir((await admin.get('/search?q=bjork')).body, { depth: 3 })
  assert.equal(status.body.faultCount, 1)
  await music.remove()
})
