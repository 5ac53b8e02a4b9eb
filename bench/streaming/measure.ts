/** The single measurements of this bench; each uses renditions that nobody has asked for before. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { encoders } from '#modules/streaming/testing.ts'
import type { World } from '../load/world.ts'
import { cpuOf } from './cpu.ts'

const run = promisify(execFile)
const CLIENT = fileURLToPath(new URL('./client.ts', import.meta.url))
/** The bare command: what our MP3 of 128 kbit/s costs without us. */
const BARE = '-vn -c:a libmp3lame -b:a 128k -ar 48000 -f mp3 pipe:1'.split(' ')

export type Song = { readonly id: string; readonly title: string; readonly durationMs: number; readonly path: string }

const ask = ({ music }: World, id: string, query: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(`${music.app.url}/api/v1/songs/${id}/stream${query}`, {
    headers: { authorization: `Bearer ${music.token}`, ...headers },
    ...(signal && { signal }),
  })

const active = async ({ music }: World): Promise<number> => {
  const text = await (await fetch(`${music.app.url}/metrics`)).text()
  return Number(/^tutti_transcodes_active (\d+)/m.exec(text)?.[1])
}
/** Nothing is being made any more. */
const calm = (world: World) =>
  world.music.app.eventually(async () => (await active(world)) === 0, 'the encoders to end', 60_000)

/** Milliseconds from the request to the first byte of its body; the listener leaves then. */
export async function firstByte(world: World, id: string, query: string, range?: string): Promise<number> {
  const leaving = new AbortController()
  const startedAt = performance.now()
  const answer = await ask(world, id, query, range ? { range } : {}, leaving.signal)
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  await answer.body?.getReader().read()
  const ms = performance.now() - startedAt
  leaving.abort()
  await calm(world)
  return ms
}

const bare = (path: string) =>
  spawn('ffmpeg', ['-v', 'error', '-nostdin', '-i', path, ...BARE], { stdio: ['ignore', 'pipe', 'inherit'] })

/** The same of the bare command. */
export async function bareFirstByte(path: string): Promise<number> {
  const startedAt = performance.now()
  const child = bare(path)
  const gone = once(child, 'exit')
  const isThere = await Promise.race([once(child.stdout, 'data').then(() => true), gone.then(() => false)])
  const ms = performance.now() - startedAt
  if (!isThere) throw new Error(`the bare command made nothing of ${path}`)
  child.kill('SIGKILL')
  await gone
  return ms
}

/** CPU seconds of a whole first transcode: ours with everything that serves it, and the bare command's. */
export async function sequential(world: World, song: Song): Promise<{ ours: number; bare: number; bytes: number }> {
  const url = `${world.music.app.url}/api/v1/songs/${song.id}/stream?format=mp3&quality=medium`
  const ours = await cpuOf(async () => {
    const { stdout } = await run(process.execPath, [CLIENT, url, world.music.token])
    await calm(world)
    return JSON.parse(stdout) as { bytes: number; cpuSec: number }
  })
  const plain = await cpuOf(async () => {
    const child = bare(song.path)
    child.stdout.resume()
    await once(child, 'close')
  })
  return { ours: ours.own + ours.children - ours.value.cpuSec, bare: plain.children, bytes: ours.value.bytes }
}

/** Many ask for one first transcode at once: encoders at most, and seconds until all have it. */
export async function herd(
  world: World,
  id: string,
  o: { query: string; listeners: number },
): Promise<{ most: number; seconds: number }> {
  const startedAt = performance.now()
  let most = 0
  const look = async () => {
    most = Math.max(most, (await encoders()).length)
  }
  const timer = setInterval(() => void look(), 20)
  const answers = Array.from({ length: o.listeners }, async () => (await ask(world, id, o.query)).arrayBuffer())
  const sizes = (await Promise.all(answers)).map((bytes) => bytes.byteLength)
  clearInterval(timer)
  if (new Set(sizes).size !== 1) throw new Error('listeners heard different lengths')
  return { most, seconds: (performance.now() - startedAt) / 1000 }
}
