import type { Analyzed } from './cli.ts'

export const USAGE = `Usage: npm run analyze -- [--json] FILE…
  --json  an array of objects, in the order of the files, instead of a table`

export type Wish = { readonly files: readonly string[]; readonly isJson: boolean } | { readonly fault: string }

/** What comes after `--` is a file, whatever it is called. */
export function readArguments(args: readonly string[]): Wish {
  const end = args.indexOf('--')
  const options = (end < 0 ? args : args.slice(0, end)).filter((word) => word.startsWith('-'))
  const unknown = options.find((option) => option !== '--json')
  if (unknown !== undefined) return { fault: `There is no option ${unknown}.` }
  const files = args.filter((word, i) => (end >= 0 && i > end) || (!word.startsWith('-') && word !== ''))
  return files.length === 0 ? { fault: 'Name at least one audio file.' } : { files, isJson: options.length > 0 }
}

const fixed = (value: number | null, digits: number): string => (value === null ? '–' : value.toFixed(digits))
const time = (sec: number): string => `${Math.floor(sec / 60)}:${String(Math.floor(sec % 60)).padStart(2, '0')}`

const HEAD = ['file', 'time', 'tempo', 'meter', 'key', 'LUFS', 'peak', 'energy']
const row = (a: Analyzed): string[] =>
  'error' in a
    ? [a.file, `failed: ${a.error}`]
    : [
        a.file,
        time(a.durationSec),
        fixed(a.tempo, 1),
        String(a.timeSignature),
        a.key ?? '–',
        fixed(a.loudnessLufs, 1),
        fixed(a.truePeakDbtp, 1),
        fixed(a.energy, 2),
      ]

/** For people: columns as wide as they need; a failed file has its reason instead. */
export function table(answers: readonly Analyzed[]): string {
  const rows = [HEAD, ...answers.map(row)]
  const whole = rows.filter((cells) => cells.length === HEAD.length)
  const widths = HEAD.map((_, i) => Math.max(...whole.map((cells) => (cells[i] ?? '').length)))
  widths[0] = Math.max(...rows.map((cells) => (cells[0] ?? '').length))
  return rows
    .map(
      (cells) =>
        `${cells
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
