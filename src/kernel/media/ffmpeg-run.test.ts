import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { tempFolder } from '#test/fixtures/audio.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'
import { decodeArgs } from './ffmpeg-args.ts'
import { startFfmpeg } from './ffmpeg-run.ts'
import { findFfmpeg } from './find-ffmpeg.ts'

const TURNS_MAX = 10

test('a run that is stopped before anybody reads of it breaks nothing but itself', async () => {
  const settings = await findFfmpeg({})
  const { path, remove } = await tempFolder()
  try {
    const file = join(path, 'a.wav')
    await writeFile(file, tuneWav(5))
    // The moment at which it would break the process lies between two turns of the event loop.
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      const abort = new AbortController()
      const o = { signal: abort.signal, sampleRate: 48_000, channels: 2 } as const
      const starting = startFfmpeg({ settings }, file, decodeArgs(settings, o), o)
      starting.catch(() => {})
      for (let i = 0; i < turns; i++) await nextTurn()
      abort.abort(new Error('left'))
      await assert.rejects(
        starting.then((run) => run.exit),
        { message: 'left' },
      )
    }
  } finally {
    await remove()
  }
})
