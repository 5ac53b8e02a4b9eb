import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One bench: a program that prints its figures, and what it compares them with, and ends with 1 when a mark is missed. */
export type Bench = { name: string; file: string; about: string }

/** `<folder>/<name>/run.ts` and `<folder>/<name>.ts`, sorted by name; tests and this file are no benches. */
export function findBenches(folder: string): Bench[] {
  const names = readdirSync(folder, { withFileTypes: true })
  const files = names.flatMap((entry) => {
    if (entry.isDirectory()) return [{ name: entry.name, file: join(folder, entry.name, 'run.ts') }]
    const isBench = /^(?!run\.ts$)[\w-]+\.ts$/.test(entry.name)
    return isBench ? [{ name: entry.name.slice(0, -'.ts'.length), file: join(folder, entry.name) }] : []
  })
  return files
    .filter(({ file }) => existsSync(file))
    .map(({ name, file }) => ({ name, file, about: firstDocLine(readFileSync(file, 'utf8')) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

const firstDocLine = (source: string) => /\/\*\*\s*(?:\*\s*)?([^\n]*?)\s*(?:\*\/|\n)/.exec(source)?.[1] ?? ''

const usage = (benches: Bench[]) =>
  [
    'npm run bench -- NAME [arguments], or `all`',
    ...benches.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`),
  ].join('\n')

type Outcome = { name: string; exitCode: number; seconds: number }

function runBench({ name, file }: Bench, args: string[]): Outcome {
  const startedMs = performance.now()
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' })
  return { name, exitCode: status ?? 1, seconds: (performance.now() - startedMs) / 1000 }
}

function runAll(benches: Bench[]): number {
  const outcomes = benches.map((bench) => {
    console.log(`\n── ${bench.name}: ${bench.about}`)
    return runBench(bench, [])
  })
  console.log('\n── summary')
  for (const { name, exitCode, seconds } of outcomes) {
    console.log(
      `${exitCode === 0 ? '✓' : '✗'} ${name.padEnd(16)} ${seconds.toFixed(1)} s${exitCode === 0 ? '' : `, exit code ${exitCode}`}`,
    )
  }
  return outcomes.some(({ exitCode }) => exitCode !== 0) ? 1 : 0
}

/** @returns the exit code: the bench's own, 1 when any of `all` failed, 2 for a name that is none */
export function main(benches: Bench[], [name, ...args]: string[]): number {
  if (name === 'all') return runAll(benches)
  const bench = benches.find((each) => each.name === name)
  if (bench) return runBench(bench, args).exitCode
  console.log(name === undefined ? usage(benches) : `There is no bench named ${name}.\n${usage(benches)}`)
  return name === undefined ? 0 : 2
}

if (import.meta.main) process.exitCode = main(findBenches(import.meta.dirname), process.argv.slice(2))
