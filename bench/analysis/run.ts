/**
 * Accuracy and speed of `engines/audio`, by style, beside a plain baseline and the Python tools that are installed.
 * `node bench/analysis/run.ts [--per-style N] [--songs N] [--split held-out|dev] [--no-peers]`
 * `PEERS_PYTHON` names the interpreter with librosa and essentia (default python3).
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { analyze, loadFft } from '#engines/audio/index.ts'
import { plainBeats, plainKey } from './baseline.ts'
import { type Item, items as piecesOf, SAMPLE_RATE, type Split } from './corpus.ts'
import { type Answer, heading, row, scoreOf, type Scores } from './report.ts'

const PEERS = ['essentia', 'librosa'] as const
const PEER_TIMEOUT_MS = 20 * 60_000
const REAL_MUSIC = '/usr/share/games/wesnoth/1.16/data/core/music'
const REAL_FILES = 8

const { values: options } = parseArgs({
  options: {
    'per-style': { type: 'string', default: '3' },
    songs: { type: 'string', default: '20' },
    split: { type: 'string', default: 'held-out' },
    'no-peers': { type: 'boolean', default: false },
  },
})

type Result = { item: Item; ours: Scores; plain: Scores }

const fft = await loadFft()

const speed = { audioSec: 0, spentMs: 0 }

/** CPU time of this process: on a shared machine wall time says more about the neighbours. */
const cpuMs = () => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000

const ours = (mono: Float32Array): { answer: Answer; chroma: Float32Array } => {
  const begin = cpuMs()
  const found = analyze(mono, { sampleRate: SAMPLE_RATE, channels: 1, fft })
  speed.spentMs += cpuMs() - begin
  speed.audioSec += found.durationSec
  const { tempo, beats, downbeats, timeSignature, key, chroma } = found
  const answer = {
    bpm: tempo.bpm,
    beats: Array.from(beats),
    downbeats: Array.from(downbeats),
    beatsPerBar: timeSignature.beatsPerBar,
    key,
  }
  return { answer, chroma }
}

const judge = (item: Item): Result => {
  const mono = item.audio()
  const { answer, chroma } = ours(mono)
  const { truth } = item
  return { item, ours: scoreOf(truth, answer), plain: scoreOf(truth, { ...plainBeats(mono), key: plainKey(chroma) }) }
}

const printTable = (title: string, results: { item: Item; scores: Scores }[]) => {
  console.log(`\n${heading(title)}`)
  for (const group of new Set(results.map(({ item }) => item.style)))
    console.log(
      row(
        group,
        results.filter(({ item }) => item.style === group).map(({ scores }) => scores),
      ),
    )
  console.log(
    row(
      'all',
      results.map(({ scores }) => scores),
    ),
  )
}

const runPeer = (name: (typeof PEERS)[number], items: Item[], paths: string[]) => {
  const python = process.env.PEERS_PYTHON ?? 'python3'
  const script = join(import.meta.dirname, 'peers.py')
  const run = spawnSync(python, [script, name, ...paths], {
    timeout: PEER_TIMEOUT_MS,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (run.status !== 0) {
    console.log(`\n${name}: not run (${run.status === 3 ? 'not installed' : (run.stderr ?? '').slice(-200)})`)
    return
  }
  const answers = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer & { seconds: number })
  printTable(
    name,
    items.map((item, i) => ({ item, scores: scoreOf(item.truth, answers[i]!) })),
  )
  const seconds = answers.reduce((sum, answer) => sum + answer.seconds, 0)
  const audio = items.reduce((sum, item) => sum + item.durationSec, 0)
  console.log(`${name} speed (tempo, beats, key; reading the file included): ${(audio / seconds).toFixed(0)}× realtime`)
}

/** Decode and analyse real files with native FFmpeg, as the product does. */
const printRealSpeed = () => {
  if (!existsSync(REAL_MUSIC) || spawnSync('ffmpeg', ['-version']).status !== 0) return
  let audioSec = 0
  const spent = { decodeMs: 0, engineMs: 0 }
  for (const name of readdirSync(REAL_MUSIC).slice(0, REAL_FILES)) {
    const begin = performance.now()
    const flags = [
      '-v',
      'error',
      '-i',
      join(REAL_MUSIC, name),
      '-f',
      'f32le',
      '-ac',
      '2',
      '-ar',
      String(SAMPLE_RATE),
      '-',
    ]
    const { stdout } = spawnSync('ffmpeg', flags, { maxBuffer: 1 << 30 })
    const decoded = performance.now()
    const before = cpuMs()
    const found = analyze(new Float32Array(stdout.buffer, stdout.byteOffset, stdout.byteLength >> 2), {
      sampleRate: SAMPLE_RATE,
      channels: 2,
      fft,
    })
    spent.decodeMs += decoded - begin
    spent.engineMs += cpuMs() - before
    audioSec += found.durationSec
  }
  const rate = (ms: number) => `${((audioSec * 1000) / ms).toFixed(0)}×`
  console.log(
    `\nreal music, stereo, ${audioSec.toFixed(0)} s: engine (CPU time) ${rate(spent.engineMs)}, native decode (wall) ${rate(spent.decodeMs)}, both one after the other ${rate(spent.engineMs + spent.decodeMs)} realtime on one core`,
  )
}

const items = piecesOf(options.split as Split, {
  perStyle: Number(options['per-style']),
  lieder: Number(options.songs),
}).filter(({ truth }) => truth.beats.length > 0)
const results = items.map(judge)
printTable(
  'tutti',
  results.map(({ item, ours: scores }) => ({ item, scores })),
)
console.log(
  `tutti speed (every descriptor, mono, ${fft.name}, CPU time): ${((1000 * speed.audioSec) / speed.spentMs).toFixed(0)}× realtime`,
)
printTable(
  'plain baseline',
  results.map(({ item, plain: scores }) => ({ item, scores })),
)
if (!options['no-peers'])
  for (const name of PEERS)
    runPeer(
      name,
      items,
      items.map((item) => item.wav()),
    )
printRealSpeed()
