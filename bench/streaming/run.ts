/** First byte of a first transcode, one encoder for many listeners, and throughput against a bare static server. */
import { execFile, spawn } from 'node:child_process'
import { createReadStream, statSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { encoders, tuneWav } from '#modules/streaming/testing.ts'
import { quantile, startWorld, type World } from '../load/world.ts'

const FIRST_BYTE_MS_MAX = 300
const SHARE_OF_STATIC_MIN = 0.5
const SONGS = 10
const LISTENERS = 20
const BIG_SEC = 1500
const RANGE_BYTES = 1024 * 1024
const run = promisify(execFile)
const CLIENT = fileURLToPath(new URL('./client.ts', import.meta.url))

const idsOf = async ({ music }: World): Promise<string[]> => {
  const { body } = await (await music.app.as('admin')).get('/songs?limit=100')
  return (body['items'] as { id: string; sizeBytes: number }[]).filter((s) => s.sizeBytes < 40e6).map((s) => s.id)
}
const ask = ({ music }: World, id: string, query: string, signal?: AbortSignal) =>
  fetch(`${music.app.url}/api/v1/songs/${id}/stream${query}`, {
    headers: { authorization: `Bearer ${music.token}` },
    ...(signal && { signal }),
  })

/** Milliseconds to the first byte of a transcode that nobody has asked for before. */
async function firstBytes(world: World): Promise<number[]> {
  const times: number[] = []
  for (const id of await idsOf(world)) {
    const leaving = new AbortController()
    const startedAt = performance.now()
    const answer = await ask(world, id, '?quality=medium', leaving.signal)
    await answer.body?.getReader().read()
    times.push(performance.now() - startedAt)
    leaving.abort()
    await world.music.app.eventually(async () => (await encoders()).length === 0, 'the encoder to end')
  }
  return times
}

/** The same for the bare command. */
async function bareFirstBytes(folder: string): Promise<number[]> {
  const times: number[] = []
  for (const name of (await readdir(folder)).filter((each) => !each.startsWith('big'))) {
    const startedAt = performance.now()
    const args = [
      '-v',
      'error',
      '-nostdin',
      '-i',
      join(folder, name),
      '-vn',
      '-c:a',
      'libmp3lame',
      '-b:a',
      '128k',
      '-ar',
      '48000',
      '-f',
      'mp3',
      '-',
    ]
    const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'ignore'] })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    times.push(performance.now() - startedAt)
    child.kill('SIGKILL')
  }
  return times
}

async function shared(world: World): Promise<{ most: number; seconds: number }> {
  const [id = ''] = await idsOf(world)
  const startedAt = performance.now()
  const listening = Array.from({ length: LISTENERS }, async () => (await ask(world, id, '?quality=high')).arrayBuffer())
  let most = 0
  const look = async () => {
    most = Math.max(most, (await encoders()).length)
  }
  const timer = setInterval(() => void look(), 20)
  const sizes = (await Promise.all(listening)).map((bytes) => bytes.byteLength)
  clearInterval(timer)
  if (new Set(sizes).size !== 1) throw new Error('listeners heard different lengths')
  return { most, seconds: (performance.now() - startedAt) / 1000 }
}

type Speed = { bytes: number; seconds: number }
async function throughput(url: string, token: string, range: string[]): Promise<number> {
  const cpuBefore = process.cpuUsage()
  const { stdout } = await run(process.execPath, [CLIENT, url, token, '4', range.length > 0 ? '200' : '12', ...range])
  const { bytes, seconds } = JSON.parse(stdout) as Speed
  const cpu = process.cpuUsage(cpuBefore)
  console.log(
    `    ${(bytes / 1e6 / seconds).toFixed(0)} MB/s, ${((cpu.user + cpu.system) / 1e6 / (bytes / 1e9)).toFixed(2)} CPU s/GB`,
  )
  return bytes / seconds
}

/** What a static file server can do in the same process: node:http and a file stream, nothing else. */
async function staticServer(path: string) {
  const size = statSync(path).size
  const server = createServer((request, reply) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
    const [start, end] = from === undefined ? [0, size - 1] : [Number(from), Number(to)]
    reply.writeHead(from === undefined ? 200 : 206, { 'content-length': end - start + 1 })
    createReadStream(path, { start, end, highWaterMark: 256 * 1024 }).pipe(reply)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, size, close: () => server.close() }
}

async function compareThroughput(world: World, id: string): Promise<number[]> {
  const path = join(world.music.folder, 'big.wav')
  const plain = await staticServer(path)
  const ours = `${world.music.app.url}/api/v1/songs/${id}/stream`
  const shares: number[] = []
  for (const [name, range] of [
    ['whole file', []],
    ['ranges of 1 MiB', [String(RANGE_BYTES), String(plain.size)]],
  ] as const) {
    console.log(`  ${name}, bare node:http`)
    const baseline = await throughput(plain.url, '', [...range])
    console.log(`  ${name}, Tutti`)
    shares.push((await throughput(ours, world.music.token, [...range])) / baseline)
  }
  plain.close()
  return shares
}

const world = await startWorld(SONGS)
const first = await firstBytes(world)
const bare = await bareFirstBytes(world.music.folder)
const one = await shared(world)
const big = join(world.music.folder, 'big.wav')
await writeFile(big, tuneWav(BIG_SEC))
const bigId = await world.music.app.eventually(
  async () => {
    const { body } = await (await world.music.app.as('admin')).get('/songs?limit=100')
    return (body['items'] as { id: string; sizeBytes: number }[]).find((s) => s.sizeBytes > 60e6)?.id
  },
  'the big file',
  30_000,
)
console.log('throughput of originals, 4 connections')
const shares = await compareThroughput(world, bigId)
await world.stop()

const describe = (ms: readonly number[]) =>
  `p50 ${quantile(ms, 0.5).toFixed(0)} ms, max ${Math.max(...ms).toFixed(0)} ms`
console.log(`first byte of a first transcode   ${describe(first)} (mark: ≤ ${FIRST_BYTE_MS_MAX} ms)`)
console.log(`first byte of bare FFmpeg         ${describe(bare)}`)
console.log(
  `${LISTENERS} listeners of one first play     ${one.most} encoder at most, ${one.seconds.toFixed(1)} s for everybody`,
)
console.log(
  `share of a bare static server     whole ${shares[0]?.toFixed(2)}, ranges ${shares[1]?.toFixed(2)} (mark: ≥ ${SHARE_OF_STATIC_MIN})`,
)
const isGood =
  quantile(first, 0.9) <= FIRST_BYTE_MS_MAX && one.most === 1 && shares.every((share) => share >= SHARE_OF_STATIC_MIN)
process.exitCode = isGood ? 0 : 1
