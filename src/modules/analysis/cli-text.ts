/** What the command says: its help, its arguments, its tables. */
import type { Analyzed } from './cli.ts'
import { PART_NAMES, type Part } from './shapes.ts'

export const USAGE = `Usage: npm run analyze -- [options] FILE|FOLDER…

Hears audio files and prints what they are like. Folders are searched with all that is below them. No server and no
database is needed; files are read, never written. Anything FFmpeg decodes will do.

  (nothing)          a table for people, one row a file
  --all              every descriptor of every file, by name
  --json             an array of objects, in the order of the files
  --jsonl            one object a line, in the order of the files, as soon as it is known
  --part=A,B         with --all, --json and --jsonl: only these parts:
                     ${PART_NAMES.join(', ')}
  --waveform[=N]     with --json and --jsonl: also N (800) min and max peaks
  --workers=N        so many files at once (all cores)
  --quiet            no progress
  --help             this
  --                 what follows is a file, whatever it is called

Answers go to standard output, progress and faults to standard error. A file that could not be analysed has "error" and
a stable "code" in its place. Exit code: 0 all went well, 1 some file failed, 2 the command was wrong.
What each descriptor means, and how good it is: docs/analysis.md.

  npm run analyze -- song.mp3
  npm run analyze -- --jsonl --part=tempo,key ~/Music > music.jsonl`

export const FORMATS = ['table', 'all', 'json', 'jsonl'] as const
export type Format = (typeof FORMATS)[number]
export type Wish = {
  readonly files: readonly string[]
  readonly format: Format
  readonly parts: readonly Part[]
  /** 0: none. */
  readonly waveformPoints: number
  /** 0: as many as the configuration says. */
  readonly workers: number
  readonly isQuiet: boolean
}
export type Read = Wish | { readonly fault: string } | { readonly isHelp: true }

const WAVEFORM_POINTS = 800
const WAVEFORM_POINTS_MAX = 8000
const WORKERS_MAX = 256

type Changed = Partial<Wish> | { fault: string } | { isHelp: true }
const whole = (text: string, least: number, most: number): number | undefined =>
  /^\d{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined

function partsOf(value: string): Changed {
  const names = value.split(',').filter(Boolean)
  const odd = names.find((name) => !PART_NAMES.includes(name as Part))
  if (odd === undefined && names.length > 0) return { parts: names as Part[] }
  return { fault: `There is no part "${odd ?? ''}": the parts are ${PART_NAMES.join(', ')}.` }
}
function pointsOf(value: string): Changed {
  const waveformPoints = value === '' ? WAVEFORM_POINTS : whole(value, 16, WAVEFORM_POINTS_MAX)
  return waveformPoints ? { waveformPoints } : { fault: `--waveform takes 16 to ${WAVEFORM_POINTS_MAX} points.` }
}
function workersOf(value: string): Changed {
  const workers = whole(value, 1, WORKERS_MAX)
  return workers ? { workers } : { fault: `--workers takes 1 to ${WORKERS_MAX}.` }
}
const OPTIONS: Readonly<Record<string, (value: string) => Changed>> = {
  '--all': () => ({ format: 'all' }),
  '--json': () => ({ format: 'json' }),
  '--jsonl': () => ({ format: 'jsonl' }),
  '--part': partsOf,
  '--waveform': pointsOf,
  '--workers': workersOf,
  '--quiet': () => ({ isQuiet: true }),
  '--help': () => ({ isHelp: true }),
  '-h': () => ({ isHelp: true }),
}

/** What comes after `--` is a file, whatever it is called. */
export function readArguments(args: readonly string[]): Read {
  const end = args.indexOf('--')
  const before = end < 0 ? args : args.slice(0, end)
  const wish = { files: [], format: 'table', parts: [], waveformPoints: 0, workers: 0, isQuiet: false } as const
  let read: Wish = wish
  for (const word of before.filter((w) => w.startsWith('-'))) {
    const [name = '', ...value] = word.split('=')
    const changed = OPTIONS[name]?.(value.join('=')) ?? { fault: `There is no option ${name}.` }
    if ('fault' in changed || 'isHelp' in changed) return changed
    read = { ...read, ...changed }
  }
  const named = before.filter((word) => !word.startsWith('-') && word !== '')
  const files = [...named, ...(end < 0 ? [] : args.slice(end + 1))]
  return files.length === 0 ? { fault: 'Name at least one audio file or folder.' } : { ...read, files }
}

const fixed = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined ? '–' : value.toFixed(digits)
export const time = (sec: number): string => `${Math.floor(sec / 60)}:${String(Math.floor(sec % 60)).padStart(2, '0')}`

export const HEAD = ['file', 'time', 'tempo', 'sure', 'meter', 'key', 'wheel', 'LUFS', 'range', 'peak', 'DR', 'energy']
export const rowOf = (a: Analyzed): string[] =>
  'error' in a
    ? [a.file, `failed: ${a.error} (${a.code})`]
    : [
        a.file,
        time(a.durationSec),
        fixed(a.tempo, 1),
        fixed(a.tempoConfidence, 2),
        String(a.timeSignature),
        a.key ?? '–',
        a.camelot ?? '–',
        fixed(a.loudnessLufs, 1),
        fixed(a.loudnessRangeLu, 1),
        fixed(a.truePeakDbtp, 1),
        fixed(a.dynamics?.drDb, 1),
        fixed(a.energy, 2),
      ]

/** For people: columns as wide as they need; a failed file has its reason instead. */
export function table(rows: readonly (readonly string[])[]): string {
  const all = [HEAD, ...rows]
  const complete = all.filter((cells) => cells.length === HEAD.length)
  const widths = HEAD.map((_, i) => longest(complete.map((cells) => cells[i] ?? '')))
  widths[0] = longest(all.map((cells) => cells[0] ?? ''))
  const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')
  return all.map((cells) => `${line(cells).trimEnd()}\n`).join('')
}
const longest = (cells: readonly string[]): number => cells.reduce((most, cell) => Math.max(most, cell.length), 0)

const SHOWN_MAX = 8
const short = (value: unknown): string => {
  if (typeof value === 'number') return String(Math.round(value * 1e4) / 1e4)
  if (value === null) return '–'
  if (Array.isArray(value)) {
    const more = value.length > SHOWN_MAX ? ` … (${value.length})` : ''
    return `${value.slice(0, SHOWN_MAX).map(short).join(' ')}${more}`
  }
  return typeof value === 'object' ? `{${Object.values(value).map(short).join(' ')}}` : `${value as string | boolean}`
}

/** `spectral.centroidHz  2227.1`: one line a descriptor; of long lists the beginning. */
export function listing(a: Analyzed): string {
  const lines: [string, string][] = []
  const walk = (value: object, before: string) => {
    for (const [name, inner] of Object.entries(value)) {
      if (inner !== null && typeof inner === 'object' && !Array.isArray(inner))
        walk(inner as object, `${before}${name}.`)
      else if (name !== 'file') lines.push([before + name, short(inner)])
    }
  }
  walk(a, '')
  const width = longest(lines.map(([name]) => name))
  return `${a.file}\n${lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('')}\n`
}
