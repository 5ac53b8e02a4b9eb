import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { keptCache, placeOf, SERVER_PATHS, thingAt } from './names.ts'

/** The server's own rule, as it stands there: the worker cannot take in code of the server. */
const PAGES = fileURLToPath(new URL('../../../../src/kernel/http/pages.ts', import.meta.url))
const serverRule = () => /SERVER_PATHS =\s+\/(.+)\/\n/.exec(readFileSync(PAGES, 'utf8'))?.[1]

void describe('names of what is kept', () => {
  void it('leaves to the server what the server calls its own', () => {
    assert.equal(SERVER_PATHS.source, serverRule())
    for (const path of ['/api/v1/songs', '/docs', '/docs/start.js', '/health/live', '/rest/ping', '/metrics'])
      assert.ok(SERVER_PATHS.test(path), path)
    for (const path of ['/', '/albums/1', '/apis', '/offline', '/docsy']) assert.ok(!SERVER_PATHS.test(path), path)
  })

  void it('knows what of a thing is asked for, and nothing else', () => {
    assert.deepEqual(thingAt('/api/v1/albums/a1'), { kind: 'album', id: 'a1', part: 'self' })
    assert.deepEqual(thingAt('/api/v1/songs/s1/stream'), { kind: 'song', id: 's1', part: 'stream' })
    assert.deepEqual(thingAt('/api/v1/songs/s1/cover'), { kind: 'song', id: 's1', part: 'cover' })
    for (const path of [
      '/api/v1/songs',
      '/api/v1/songs/s1/download',
      '/api/v1/songs/s1/hls/master.m3u8',
      '/api/songs/s1',
    ])
      assert.equal(thingAt(path), null, path)
    for (const path of ['/api/v1/albums/a1', '/api/v1/songs/s1/lyrics']) {
      const thing = thingAt(path)
      assert.equal(thing && placeOf(thing), path)
    }
  })

  void it('gives every person a place of their own', () => {
    assert.notEqual(keptCache('ada'), keptCache('ben'))
  })
})
