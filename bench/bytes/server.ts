/**
 * A Tutti of its own process, with a few big files: prints where it is, then answers each line of its input with what
 * it used since the last one. Ends with its input. `server.ts SECONDS…`, one file for each.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { startMusic } from '#modules/streaming/testing.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'

export type Place = { url: string; dataDir: string; folder: string; token: string; ids: string[]; names: string[] }
export type Used = { cpuSec: number; loopP99Ms: number; loopMaxMs: number; rssBytes: number }

const lengthsSec = process.argv.slice(2).map(Number)
const names = lengthsSec.map((sec) => `tune-${sec}.wav`)
const music = await startMusic(
  (folder) => Promise.all(names.map((name, i) => writeFile(join(folder, name), tuneWav(lengthsSec[i] ?? 1)))),
  { config: { sendfile: 'nginx', trustProxy: ['loopback'], rateLimitPerMin: 10_000_000 } },
)
const titles = names.map((name) => name.replace(/\.wav$/, ''))
const place: Place = {
  url: music.app.url,
  dataDir: music.app.dataDir,
  folder: music.folder,
  token: music.token,
  ids: titles.map((title) => music.id(title)),
  names,
}
console.log(JSON.stringify(place))

const loop = monitorEventLoopDelay({ resolution: 5 })
loop.enable()
let before = process.cpuUsage()
for await (const _ of createInterface({ input: process.stdin })) {
  const cpu = process.cpuUsage(before)
  const used: Used = {
    cpuSec: (cpu.user + cpu.system) / 1e6,
    loopP99Ms: loop.percentile(99) / 1e6,
    loopMaxMs: loop.max / 1e6,
    rssBytes: process.memoryUsage().rss,
  }
  console.log(JSON.stringify(used))
  loop.reset()
  before = process.cpuUsage()
}
await music[Symbol.asyncDispose]()
