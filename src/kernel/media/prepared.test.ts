import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { findWasm, NO_FFMPEG } from './find-ffmpeg.ts'
import { createPrepared } from './prepared.ts'

const settings = findWasm() ?? NO_FFMPEG
const skip = settings.driver === 'none' && '@ffmpeg/core is not installed'

test('nothing is prepared where nothing needs to be', async () => {
  const prepared = createPrepared(NO_FFMPEG)
  prepared.warm()
  assert.equal(prepared.take(), undefined)
  await prepared.close()
})

test('one waits, however often it is asked for, and whoever takes it owns it', { skip }, async () => {
  const prepared = createPrepared(settings)
  prepared.warm()
  prepared.warm()
  const child = prepared.take()
  assert.ok(child?.pid)
  assert.equal(prepared.take(), undefined)
  child.stdin?.end() // no job: it ends by itself
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  await prepared.close()
})

test('after one was taken the next gets ready by itself', { skip }, async () => {
  const prepared = createPrepared(settings)
  prepared.warm()
  for (let taken = 0; taken < 2; ) {
    const child = prepared.take()
    if (!child) {
      await sleep(400)
      continue
    }
    taken++
    child.stdin?.end()
    await once(child, 'exit')
  }
  await prepared.close()
})

test('the one that waits ends when nobody wants it, and with the port', { skip }, async () => {
  const short = createPrepared(settings, 50)
  short.warm()
  await sleep(300)
  assert.equal(short.take(), undefined)
  await short.close()

  const prepared = createPrepared(settings)
  prepared.warm()
  await prepared.close()
  prepared.warm()
  assert.equal(prepared.take(), undefined)
})
