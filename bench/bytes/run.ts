/** Originals of 1 MiB and more against nginx on the same files: throughput and CPU, by ourselves and with nginx in front. */
import { join } from 'node:path'
import { startNginx, startPlainNginx } from '#test/servers/nginx.ts'
import { ask, cpuSecOf, cpuSecOfNginx, ON_SERVER_CORE, type Rate, startTutti, type Tutti } from './parts.ts'

/** 22.05 kHz, 16 bit, mono: about 1.1, 8 and 64 MiB. */
const LENGTHS_SEC = [26, 190, 1520]
const CONNECTIONS = 4
const SECONDS = Number(process.argv[2] ?? 3)
const ROUNDS = 3
const OURS_MIN = 0.5
const OFFLOADED_MIN = 0.95

type Side = { name: string; url: (index: number) => string; token: string; cpuSec: () => number }
type Figure = { mbPerSec: number; cpuSecPerGb: number }

async function measure(side: Side, index: number): Promise<Figure> {
  const before = side.cpuSec()
  const { bytes, bytesPerSec }: Rate = await ask(side.url(index), side.token, CONNECTIONS, SECONDS)
  return { mbPerSec: bytesPerSec / 1e6, cpuSecPerGb: (side.cpuSec() - before) / (bytes / 1e9) }
}
const best = (figures: readonly Figure[]): Figure => ({
  mbPerSec: Math.max(...figures.map((f) => f.mbPerSec)),
  cpuSecPerGb: Math.min(...figures.map((f) => f.cpuSecPerGb)),
})

/** Turn and turn about, so that what else the machine does meets all sides; the best of each counts. */
async function compare(sides: readonly Side[], index: number): Promise<Figure[]> {
  const all: Figure[][] = sides.map(() => [])
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, side] of sides.entries()) all[i]?.push(await measure(side, index))
  return all.map(best)
}

const path = (tutti: Tutti, index: number) => `/api/v1/songs/${tutti.ids[index]}/stream`
const tutti = await startTutti(LENGTHS_SEC)
const plain = await startPlainNginx(tutti.folder, ON_SERVER_CORE)
const port = Number(new URL(tutti.url).port)
const front = await startNginx({ port, blobs: join(tutti.dataDir, 'blobs'), music: tutti.folder }, ON_SERVER_CORE)
const sides: Side[] = [
  { name: 'nginx', url: (i) => `${plain.url}/${tutti.names[i]}`, token: '', cpuSec: () => cpuSecOfNginx(plain.pid) },
  {
    name: 'Tutti',
    url: (i) => tutti.url + path(tutti, i),
    token: tutti.token,
    cpuSec: () => cpuSecOf(tutti.pid),
  },
  {
    name: 'nginx for Tutti',
    url: (i) => front.url + path(tutti, i),
    token: tutti.token,
    cpuSec: () => cpuSecOf(tutti.pid) + cpuSecOfNginx(front.pid),
  },
]
let isGood = true
for (const [index, seconds] of LENGTHS_SEC.entries()) {
  const figures = await compare(sides, index)
  const base = figures[0]?.mbPerSec ?? 1
  console.log(`bodies of ${((seconds * 44_100) / 1024 ** 2).toFixed(0)} MiB, ${CONNECTIONS} connections, one core`)
  for (const [i, { mbPerSec, cpuSecPerGb }] of figures.entries())
    console.log(
      `  ${sides[i]?.name.padEnd(16)} ${mbPerSec.toFixed(0).padStart(6)} MB/s  ${(mbPerSec / base).toFixed(2)}  ${cpuSecPerGb.toFixed(2)} CPU s/GB`,
    )
  const [, ours = 0, offloaded = 0] = figures.map((f) => f.mbPerSec / base)
  isGood &&= ours >= OURS_MIN && offloaded >= OFFLOADED_MIN
}
console.log(`marks: Tutti ≥ ${OURS_MIN}, nginx for Tutti ≥ ${OFFLOADED_MIN} of nginx`)
await front.stop()
await plain.stop()
await tutti.stop()
process.exitCode = isGood ? 0 : 1
