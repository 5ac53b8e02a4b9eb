/** For tests and benches: real music files, and a whole app that has scanned them. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Config } from '#kernel/config/index.ts'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import identity from '#modules/identity/index.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'
import streaming from './index.ts'

export { tuneWav } from '#test/fixtures/tunes.ts'

const run = promisify(execFile)

const answers = (command: string): Promise<boolean> =>
  run(command, ['-version']).then(
    () => true,
    () => false,
  )
const hasFfmpeg = await answers('ffmpeg')

/** Options of a test that needs FFmpeg: skipped without it, unless everything must be there. */
export const needsFfmpeg = {
  skip: !hasFfmpeg && process.env['TUTTI_TEST_FULL'] !== '1' ? 'ffmpeg is not installed' : false,
}

/** FFmpeg with the arguments of a test, faults as its own words. */
export const ffmpeg = async (...args: string[]): Promise<void> => {
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args])
}

export type Tune = { readonly name: string; readonly seconds: number; readonly args?: readonly string[] }

/** A tune in the format of its ending; its title is its name. */
export async function makeTune(folder: string, { name, seconds, args = [] }: Tune): Promise<string> {
  const path = join(folder, name)
  const source = join(folder, `.${name}.wav`)
  await writeFile(source, tuneWav(seconds))
  const tags = ['-metadata', `title=${name}`, '-metadata', 'artist=Tester']
  await ffmpeg('-i', source, ...tags, ...args, path)
  await rm(source)
  return path
}

export type MusicRequest = { method?: string; headers?: Record<string, string>; signal?: AbortSignal }
export type Music = {
  readonly app: TestApp
  readonly folder: string
  readonly token: string
  /** Id of the song with this title. */
  id(title: string): string
  /** A request of the admin to a path below `/songs/<id of title>`. */
  fetch(title: string, path: string, init?: MusicRequest): Promise<Response>
  [Symbol.asyncDispose](): Promise<void>
}
export type MusicOptions = {
  readonly modules?: readonly unknown[]
  readonly config?: Partial<Config>
  /** A database and data folder that outlive the app. */
  readonly keep?: { readonly dataDir: string; readonly databaseUrl: string }
}

/** An app whose only music folder holds what `fill` puts there. */
export async function startMusic(fill: (folder: string) => Promise<unknown>, o: MusicOptions = {}): Promise<Music> {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-music-'))
  await fill(folder)
  const count = (await readdir(folder)).length
  const modules = [identity, catalog, ...(o.modules ?? [streaming])]
  const app = await startTestApp({
    modules,
    config: { musicDirs: [folder], ...o.config },
    ...(o.keep && { keep: o.keep }),
  })
  const end = async () => {
    await app.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    return { ...(await scanned(app, folder, count)), [Symbol.asyncDispose]: end }
  } catch (thrown) {
    await end()
    throw thrown
  }
}

/** Waits until the catalogue has all files. */
async function scanned(app: TestApp, folder: string, count: number): Promise<Omit<Music, typeof Symbol.asyncDispose>> {
  const admin = await app.as('admin')
  const items = await app.eventually(async () => {
    const { items: found } = (await admin.get('/songs?limit=100')).body as { items: { id: string; title: string }[] }
    return found.length === count && found
  }, 'the scan')
  const ids = new Map(items.map((song) => [song.title, song.id]))
  const id = (title: string): string => {
    const found = ids.get(title)
    if (!found) throw new Error(`no song ${title} among ${[...ids.keys()].join(', ')}`)
    return found
  }
  const request: Music['fetch'] = (title, path, init = {}) =>
    fetch(`${app.url}/api/v1/songs/${id(title)}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${admin.token}`, ...init.headers },
    })
  return { app, folder, token: admin.token, id, fetch: request }
}

/** Descriptors of this process that lead to a path which `matches`. Linux only. */
export async function openFiles(matches: (path: string) => boolean): Promise<number> {
  const names = await readdir('/proc/self/fd')
  const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  return paths.filter(matches).length
}

/** Process ids of FFmpegs that this process has started and that still run. Linux only. */
export async function encoders(): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const ours = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      const [, name, state, parent] = /^\d+ \((.*)\) (\w) (\d+)/.exec(stat) ?? []
      return name === 'ffmpeg' && state !== 'Z' && Number(parent) === process.pid ? Number(pid) : undefined
    }),
  )
  return ours.filter((pid) => pid !== undefined)
}

/** An FFmpeg that tells how often it was started, and that can be made slow. */
export type WatchedFfmpeg = {
  /** For `FFMPEG_BIN`. */
  readonly path: string
  /** The arguments of each encoder that was started since `forget`. */
  starts(): Promise<string[]>
  forget(): Promise<void>
  /** From now on it reads so many times as fast as the music plays; 0 is as fast as it can. */
  setSpeed(times: number): Promise<void>
}

/** Put into `folder`, in front of the FFmpeg of this machine. */
export async function watchedFfmpeg(folder: string): Promise<WatchedFfmpeg> {
  const [path, log, speed] = ['ffmpeg', 'starts.log', 'speed'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const { stdout } = await run('sh', ['-c', 'command -v ffmpeg'])
  const real = stdout.trim()
  const script = `#!/bin/sh
case "$*" in *asetpts*pipe:1) echo "$*" >> '${log}';; esac
if [ -s '${speed}' ]; then exec '${real}' -readrate "$(cat '${speed}')" "$@"; fi
exec '${real}' "$@"
`
  await writeFile(path, script, { mode: 0o755 })
  await Promise.all([writeFile(log, ''), writeFile(speed, '')])
  return {
    path,
    starts: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== ''),
    forget: () => writeFile(log, ''),
    setSpeed: (times) => writeFile(speed, times > 0 ? String(times) : ''),
  }
}
