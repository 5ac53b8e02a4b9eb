import { chmod, copyFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeTune, type Music, type MusicOptions, startMusic } from '#modules/streaming/testing.ts'

/** Real orchestral music of the Debian package wesnoth-1.16-music. */
const REAL = '/usr/share/games/wesnoth/1.16/data/core/music'
/** Seconds of each generated tune, when there is no real music. */
const TUNE_SEC = 180

export type World = { readonly music: Music; readonly isReal: boolean; stop(): Promise<void> }

export type WorldOptions = MusicOptions & {
  /** Puts further files into the music folder. */
  readonly also?: (folder: string) => Promise<unknown>
  /** Called when the music is there and before the product starts. */
  readonly before?: () => void
}

// As the product does at its start.
enableCompileCache(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tutti'))

/** The whole product with `count` songs: real ones when this machine has them, else generated ones. */
export async function startWorld(count: number, { also, before, ...o }: WorldOptions = {}): Promise<World> {
  const names = (await readdir(REAL).catch(() => [])).filter((name) => name.endsWith('.ogg')).slice(0, count)
  const dataDir = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  // The embedded PostgreSQL runs as another user when we are root, and must be able to pass.
  await chmod(dataDir, 0o711)
  const fill = async (folder: string) => {
    for (const name of names) await copyFile(join(REAL, name), join(folder, name))
    if (names.length === 0)
      for (let i = 0; i < count; i++) await makeTune(folder, { name: `${i}.mp3`, seconds: TUNE_SEC + i })
    await also?.(folder)
    before?.()
  }
  const music = await startMusic(fill, { ...o, keep: { dataDir, databaseUrl: '' } })
  return {
    music,
    isReal: names.length > 0,
    async stop() {
      await music[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The value below which this share of the numbers lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
