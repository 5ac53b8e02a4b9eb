import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { sharedTestPostgres } from '#kernel/db/embedded/testing.ts'
import { startTestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import identity from '#modules/identity/index.ts'
import { makeTune, needsFfmpeg } from '#modules/streaming/testing.ts'
import analysis from './index.ts'

const CHILD = fileURLToPath(new URL('./testing-child.ts', import.meta.url))

async function eventually<T>(look: () => Promise<T | undefined>, timeoutMs: number): Promise<T> {
  for (const until = Date.now() + timeoutMs; ; ) {
    const found = await look().catch(() => undefined)
    if (found !== undefined) return found
    if (Date.now() > until) throw new Error(`waited ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

test('an analysis that kill -9 has ended is done after the next start', needsFfmpeg, async () => {
  const [dataDir, folder] = await Promise.all([
    mkdtemp(join(tmpdir(), 'tutti-killed-')),
    mkdtemp(join(tmpdir(), 'tutti-music-')),
  ])
  const database = await (await sharedTestPostgres()).createDatabase()
  const client = new Client({ connectionString: database.url })
  await client.connect()
  const state = async (): Promise<string | undefined> =>
    (await client.query<{ state: string }>('select state from analysis.songs')).rows[0]?.state
  await makeTune(folder, { name: 'long.flac', seconds: 240 })
  const child = spawn(process.execPath, [CHILD, dataDir, database.url, folder], { stdio: 'inherit' })
  try {
    await eventually(async () => ((await state()) === 'processing' ? true : undefined), 40_000)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(await state(), 'processing')
    await using app = await startTestApp({
      modules: [identity, catalog, analysis],
      config: { musicDirs: [folder] },
      keep: { dataDir, databaseUrl: database.url },
    })
    await app.eventually(async () => (await state()) === 'completed', 'the analysis to be done', 40_000)
    const { rows } = await client.query('select 1 from analysis.features')
    assert.equal(rows.length, 1)
  } finally {
    child.kill('SIGKILL')
    await client.end()
    await database.drop()
    await Promise.all([dataDir, folder].map((path) => rm(path, { recursive: true, force: true })))
  }
})
