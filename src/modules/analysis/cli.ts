/**
 * `npm run analyze -- [options] FILE|FOLDER…`: the analysis of audio files, without a database or a server.
 * Standard output carries nothing but the answer; progress and faults go to standard error.
 */
import { availableParallelism } from 'node:os'
import { readConfig, readEnv } from '#kernel/config/index.ts'
import { messageOf } from '#kernel/errors.ts'
import { createMedia, type Media } from '#kernel/media/index.ts'
import { type Wanted, wantedFiles } from './cli-files.ts'
import { createProgress, type Progress } from './cli-progress.ts'
import { listing, readArguments, rowOf, table, USAGE, type Wish } from './cli-text.ts'
import { toAnalysis, toFeatures, toTimelines } from './facts.ts'
import { markOf } from './mark.ts'
import { peaksOf, type Peaks } from './peaks.ts'
import { type Analysis, type AnalysisPart, partOf } from './shapes.ts'
import { type AnalysisPool, createPool } from './worker/pool.ts'

type Fault = { readonly error: string; readonly code: string }
export type Analyzed = { readonly file: string } & ((Analysis & { waveform?: Peaks }) | Fault)
type Tools = { readonly media: Media; readonly pool: AnalysisPool; readonly wish: Wish }

/** Answers that wait for one before them; more are not begun, so that memory does not grow with the folder. */
const AHEAD_MAX = 64
const codeOf = (thrown: unknown): string => (thrown as { code?: string }).code ?? 'analysis_failed'
const CHANGED = { code: 'file_changed', error: 'The file was changed while it was read: try again.' }

/** A fault of one file is its answer. */
async function analyzeOne({ media, pool, wish }: Tools, { file, path, fault }: Wanted): Promise<Analyzed> {
  if (fault) return { file, error: fault.detail, code: fault.code }
  try {
    const before = await markOf(path)
    const probe = await media.probe(path)
    if (!probe.ok) return { file, error: probe.reason, code: probe.reasonCode }
    const { settings } = media
    const task = { settings, path: Buffer.from(path), channels: probe.channels, durationSec: probe.durationMs / 1000 }
    const startedAt = performance.now()
    const found = await pool.run(task)
    if ((await markOf(path))?.text !== before?.text) return { file, ...CHANGED }
    const features = toFeatures(probe.contentHash, found, performance.now() - startedAt)
    const waveform = wish.waveformPoints > 0 && { waveform: peaksOf(found.waveform, wish.waveformPoints) }
    return { file, ...toAnalysis(features, toTimelines(probe.contentHash, found)), ...waveform }
  } catch (thrown) {
    return { file, error: messageOf(thrown), code: codeOf(thrown) }
  }
}

/** All files, as many at once as there are workers; `take` gets the answers one by one in the order of the files. */
async function analyzeAll(
  tools: Tools,
  files: readonly Wanted[],
  o: { progress: Progress; take: (answer: Analyzed) => void },
): Promise<void> {
  const done = new Map<number, Analyzed>()
  let next = 0
  let taken = 0
  let moved = Promise.withResolvers<void>()
  const hand = () => {
    for (let answer = done.get(taken); answer; answer = done.get(++taken)) {
      done.delete(taken)
      o.take(answer)
    }
    moved.resolve()
    moved = Promise.withResolvers()
  }
  const isFarAhead = (i: number) => i - taken >= AHEAD_MAX
  const runner = async () => {
    for (let i = next++; i < files.length; i = next++) {
      while (isFarAhead(i)) await moved.promise
      const answer = await analyzeOne(tools, files[i] as Wanted)
      done.set(i, answer)
      o.progress.ended(answer)
      hand()
    }
  }
  await Promise.all(Array.from({ length: tools.pool.size }, runner))
}

type Print = { take: (answer: Analyzed) => void; end: () => void }
const out = (text: string): void => void process.stdout.write(text)

function wishedParts(a: Analyzed, { parts }: Wish): Analyzed {
  if ('error' in a || parts.length === 0) return a
  const { file, waveform } = a
  const some: AnalysisPart = Object.assign({}, ...parts.map((part) => partOf(a, part)))
  return { file, ...some, ...(waveform && { waveform }) } as Analyzed
}

function printer(wish: Wish): Print {
  const rows: string[][] = []
  let isFirst = true
  const json = (answer: Analyzed) => {
    out(`${isFirst ? '[\n' : ',\n'}${JSON.stringify(wishedParts(answer, wish), null, 2)}`)
    isFirst = false
  }
  const PRINTS: Readonly<Record<Wish['format'], Print>> = {
    table: { take: (answer) => void rows.push(rowOf(answer)), end: () => out(table(rows)) },
    all: { take: (answer) => out(listing(wishedParts(answer, wish))), end: () => undefined },
    json: { take: json, end: () => out(isFirst ? '[]\n' : '\n]\n') },
    jsonl: { take: (answer) => out(`${JSON.stringify(wishedParts(answer, wish))}\n`), end: () => undefined },
  }
  return PRINTS[wish.format]
}

async function main(args: readonly string[]): Promise<number> {
  const wish = readArguments(args)
  if ('isHelp' in wish) {
    out(`${USAGE}\n`)
    return 0
  }
  if ('fault' in wish) {
    process.stderr.write(`${wish.fault}\n\n${USAGE}\n`)
    return 2
  }
  const config = readConfig(readEnv())
  const files = await wantedFiles(wish.files, process.env['INIT_CWD'] ?? '.')
  const media = await createMedia({ ffmpegBin: config.ffmpegBin })
  const pool = createPool(Math.min(files.length, wish.workers || config.analysisWorkers || availableParallelism()))
  const progress = createProgress(files.length, wish)
  const print = printer(wish)
  let hasFailed = false
  try {
    await analyzeAll({ media, pool, wish }, files, {
      progress,
      take: (answer) => {
        hasFailed ||= 'error' in answer
        print.take(answer)
      },
    })
    progress.stop()
    print.end()
    return hasFailed ? 1 : 0
  } finally {
    progress.stop()
    await Promise.all([pool.close(), media.close()])
  }
}

if (import.meta.main) {
  // Whoever reads only the beginning (`| head`) has what he wants.
  process.stdout.on('error', () => process.exit(0))
  process.exitCode = await main(process.argv.slice(2)).catch((thrown: unknown) => {
    process.stderr.write(`${messageOf(thrown)}\n`)
    return 1
  })
}
