/**
 * Accuracy by style and metric, speed and memory of `engines/audio` beside a plain baseline, aubio, librosa and Essentia.
 * `npm run bench -- analysis [--split held-out|dev|train] [--styles a,b] [--per-style N] [--lieder N] [--peers a,b|none]
 * [--metrics a,b|all|none] [--only accuracy,ebu,speed] [--json FILE]`. `PEERS_PYTHON` names the interpreter that has
 * librosa and essentia (default python3).
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { FONTS, isThere, KITS } from './corpus/fonts.ts'
import { HELD_OUT_STYLES, type Item, items as piecesOf, type Split, STYLES } from './corpus.ts'
import { ebuLines, readEbu } from './ebu.ts'
import { byStyle, type Judged, summary } from './report.ts'
import { type Metric, METRICS, scoresOf } from './score.ts'
import { measureSpeed, speedLines } from './speed.ts'
import { askAll, PEERS, type System, versionOf } from './systems.ts'

const SHOWN: Metric[] = ['beat F', 'AMLt', 'Acc1', 'down F', 'onset', 'key', 'majmin', 'parts 3']
const PARTS = ['ebu', 'speed', 'accuracy']

const { values: options } = parseArgs({
  options: {
    split: { type: 'string', default: 'held-out' },
    styles: { type: 'string' },
    'per-style': { type: 'string' },
    lieder: { type: 'string' },
    peers: { type: 'string', default: PEERS.join(',') },
    metrics: { type: 'string', default: SHOWN.join(',') },
    only: { type: 'string', default: PARTS.join(',') },
    json: { type: 'string' },
  },
})

const list = (text: string) => text.split(',').filter((each) => each !== '' && each !== 'none')
const fail = (message: string): never => {
  console.error(message)
  process.exit(2)
}
const checked = <T extends string>(what: string, given: string[], known: readonly T[]): T[] =>
  given.map((name) => known.find((each) => each === name) ?? fail(`${what} ${name} is none of ${known.join(', ')}`))

const splits: Split[] = ['train', 'dev', 'held-out']
const [split] = checked('split', [options.split], splits) as [Split]
const styles = options.styles && checked('style', list(options.styles), [...Object.keys(STYLES), 'lieder'])
const metrics = options.metrics === 'all' ? Object.keys(METRICS) : list(options.metrics)
const shown = checked('metric', metrics, Object.keys(METRICS) as Metric[])
const parts = checked('part', list(options.only), PARTS)
const peers = checked('peer', list(options.peers), PEERS)

const findSystems = () => {
  const found: { system: System; version: string }[] = [
    { system: 'tutti', version: '' },
    { system: 'plain', version: '' },
  ]
  for (const system of peers) {
    const version = versionOf(system)
    if (version) found.push({ system, version })
    else
      console.log(
        `${system}: not installed${system === 'aubio' ? '' : ' (PEERS_PYTHON names an interpreter that has it)'}`,
      )
  }
  return found
}

const printSetting = () => {
  const sounds = [...FONTS, ...KITS].map((font) => `${font.name}${isThere(font) ? '' : ` (missing: ${font.package})`}`)
  console.log(`soundfonts: ${sounds.join(', ')}`)
  const coder = spawnSync('ffmpeg', ['-version'], { encoding: 'utf8' }).stdout?.split('\n')[0] ?? 'no FFmpeg'
  console.log(`node ${process.version}, ${coder}`)
}

const chosenItems = (): Item[] =>
  piecesOf(split, {
    ...(options['per-style'] ? { perStyle: Number(options['per-style']) } : {}),
    ...(options.lieder ? { lieder: Number(options.lieder) } : {}),
    ...(styles ? { styles } : {}),
  })

const judgeAll = async (systems: ReturnType<typeof findSystems>) => {
  const pieces = chosenItems()
  const files = pieces.map((item) => ({ path: item.wav(), hash: item.hash }))
  const told = await askAll(systems, files, 'answers')
  const judged: Judged[] = told.map(({ system, lines }) => ({
    system,
    scores: pieces.map(({ truth }, i) => scoresOf(truth, lines[i]!.answer)),
  }))
  return { pieces, judged }
}

const printAccuracy = ({ pieces, judged }: Awaited<ReturnType<typeof judgeAll>>) => {
  const minutes = pieces.reduce((sum, { durationSec }) => sum + durationSec, 0) / 60
  const held = [...new Set(pieces.map(({ style }) => style))].filter((style) => HELD_OUT_STYLES.has(style))
  console.log(
    `\n${pieces.length} pieces of ${split}, ${minutes.toFixed(0)} minutes; mean, 95 % interval (bootstrap over pieces)`,
  )
  console.log('▼ clearly below the first column on the same pieces, ▲ clearly above')
  if (held.length > 0) console.log(`styles that no training heard: ${held.join(', ')}`)
  console.log(summary(judged).join('\n'))
  for (const metric of shown) console.log(['', ...byStyle(metric, pieces, judged)].join('\n'))
}

const systems = findSystems()
printSetting()
const out: Record<string, unknown> = { split, systems }
if (parts.includes('ebu')) {
  const readings = readEbu()
  out.ebu = readings
  console.log(['\nEBU Tech 3341 and 3342', ...ebuLines(readings)].join('\n'))
  if (readings.some(({ within }) => !within)) process.exitCode = 1
}
if (parts.includes('speed')) {
  const speed = await measureSpeed(systems)
  out.speed = speed
  console.log(['', ...speedLines(speed)].join('\n'))
}
if (parts.includes('accuracy')) {
  const all = await judgeAll(systems)
  out.accuracy = {
    pieces: all.pieces.map(({ id, style, font, hash, durationSec }) => ({ id, style, font, hash, durationSec })),
    scores: Object.fromEntries(all.judged.map(({ system, scores }) => [system, scores])),
  }
  printAccuracy(all)
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(out)}\n`)
