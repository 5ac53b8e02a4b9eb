/** Runs systems over files, each in a process of its own; what others answered is kept by file, version and script. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Line } from './answer.ts'
import { cacheFolder } from './corpus.ts'

export const PEERS = ['aubio', 'librosa', 'essentia'] as const
export type System = 'tutti' | 'plain' | (typeof PEERS)[number]
/** `hash`: changes whenever the sound does. */
export type SoundFile = { path: string; hash: string }
/** `answers` of the corpus, or `speed` with as many descriptors as a system has, from compressed files. */
export type Purpose = 'answers' | 'speed'

const RUN_TIMEOUT_MS = 60 * 60_000
const AT_ONCE_MAX = 2
/** So many files one process gets: what it has answered is kept, whatever happens to the next one. */
const BATCH = 12

const PYTHON = process.env.PEERS_PYTHON ?? 'python3'
const PEERS_SCRIPT = join(import.meta.dirname, 'peers.py')
const OURS_SCRIPT = join(import.meta.dirname, 'ours.ts')

const isPeer = (system: System): system is (typeof PEERS)[number] => PEERS.some((each) => each === system)

/** Its version, or undefined where it is not installed. */
export const versionOf = (system: (typeof PEERS)[number]): string | undefined => {
  const run = spawnSync(PYTHON, [PEERS_SCRIPT, system, 'version'], { encoding: 'utf8' })
  return run.status === 0 ? run.stdout.trim() : undefined
}

const commandOf = (system: System, purpose: Purpose, paths: string[]): [string, string[]] => {
  if (isPeer(system)) return [PYTHON, [PEERS_SCRIPT, system, purpose, ...paths]]
  return [process.execPath, [OURS_SCRIPT, system, purpose === 'speed' ? 'decoded' : 'wav', ...paths]]
}

const running = new Set<ChildProcess>()
/** Nobody works on when this process is ended. */
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const child of running) child.kill()
    process.exit(1)
  })

const spawned = (system: System, purpose: Purpose, paths: string[]): Promise<Line[]> => {
  const [program, args] = commandOf(system, purpose, paths)
  const { promise, resolve, reject } = Promise.withResolvers<Line[]>()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_TIMEOUT_MS })
  running.add(child)
  let out = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)))
  child.once('error', reject)
  child.once('close', (code) => {
    running.delete(child)
    const lines = out.split('\n').filter(Boolean)
    if (code === 0 && lines.length === paths.length) resolve(lines.map((text) => JSON.parse(text) as Line))
    else reject(new Error(`${system} ended with ${String(code)} on ${paths.join(' ')}: ${errors}`))
  })
  return promise
}

/** Where a peer's answers are kept. Ours and the plain ones are made anew each time. */
const keptFolder = (system: System, version: string) => {
  const script = createHash('sha256').update(readFileSync(PEERS_SCRIPT)).digest('hex').slice(0, 8)
  return join(cacheFolder(), 'answers', `${system}-${version}-${script}`)
}

type Ask = { files: SoundFile[]; purpose: Purpose; version: string }

const asked = async (system: System, { files, purpose, version }: Ask): Promise<Line[]> => {
  if (!isPeer(system))
    return await spawned(
      system,
      purpose,
      files.map(({ path }) => path),
    )
  const folder = keptFolder(system, version)
  mkdirSync(folder, { recursive: true })
  const place = ({ hash }: SoundFile) => join(folder, `${hash}-${purpose}.json`)
  const missing = files.filter((file) => !existsSync(place(file)))
  for (let at = 0; at < missing.length; at += BATCH) {
    const batch = missing.slice(at, at + BATCH)
    const lines = await spawned(
      system,
      purpose,
      batch.map(({ path }) => path),
    )
    batch.forEach((file, i) => {
      const partial = `${place(file)}.${process.pid}.part`
      writeFileSync(partial, JSON.stringify(lines[i]))
      renameSync(partial, place(file))
    })
  }
  return files.map((file) => JSON.parse(readFileSync(place(file), 'utf8')) as Line)
}

export type Told = { system: System; version: string; lines: Line[] }

/** All systems over the same files, two at a time; one that fails is told and left out. */
export const askAll = async (systems: { system: System; version: string }[], files: SoundFile[], purpose: Purpose) => {
  const told: (Told | undefined)[] = systems.map(() => undefined)
  const waiting = systems.map((_, i) => i)
  const work = async () => {
    for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
      const { system, version } = systems[i]!
      try {
        told[i] = { system, version, lines: await asked(system, { files, purpose, version }) }
      } catch (error) {
        process.exitCode = 1
        console.error(`${system} is left out: ${String(error)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE_MAX }, work))
  return told.filter((each) => each !== undefined)
}
