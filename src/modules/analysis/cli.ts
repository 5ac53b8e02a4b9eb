/**
 * `npm run analyze -- [--json] FILE…`: the analysis of audio files, without a database or a server.
 * Standard output carries nothing but the answer; progress and faults go to standard error.
 */
import { resolve } from 'node:path'
import { readConfig, readEnv } from '#kernel/config/index.ts'
import { messageOf } from '#kernel/errors.ts'
import { createMedia, type Media } from '#kernel/media/index.ts'
import { readArguments, table, USAGE } from './cli-text.ts'
import { toAnalysis, toFeatures, toTimelines } from './facts.ts'
import type { Analysis } from './schema.ts'
import { type AnalysisPool, createPool, poolSize } from './worker/pool.ts'

export type Analyzed = { readonly file: string } & (Analysis | { readonly error: string; readonly code: string })
type Tools = { readonly media: Media; readonly pool: AnalysisPool }

const codeOf = (thrown: unknown): string => (thrown as { code?: string }).code ?? 'analysis_failed'

/** A fault of one file is its answer. */
async function analyzeOne({ media, pool }: Tools, file: string): Promise<Analyzed> {
  try {
    const path = resolve(process.env['INIT_CWD'] ?? '.', file)
    const probe = await media.probe(path)
    if (!probe.ok) return { file, error: probe.reason, code: probe.reasonCode }
    const startedAt = performance.now()
    const task = {
      settings: media.settings,
      path: Buffer.from(path),
      channels: probe.channels,
      durationSec: probe.durationMs / 1000,
    }
    const found = await pool.run(task)
    const features = toFeatures(probe.contentHash, found, performance.now() - startedAt)
    return { file, ...toAnalysis(features, toTimelines(probe.contentHash, found)) }
  } catch (thrown) {
    return { file, error: messageOf(thrown), code: codeOf(thrown) }
  }
}

function say(done: number, total: number, { file, ...found }: Analyzed): void {
  const outcome = 'error' in found ? `failed: ${found.error}` : 'analysed'
  process.stderr.write(`[${done}/${total}] ${file} ${outcome}\n`)
}

/** All files, as many at once as there are workers; the answers are in the order of the files. */
async function analyzeAll(tools: Tools, files: readonly string[]): Promise<Analyzed[]> {
  const answers: Analyzed[] = []
  let next = 0
  let done = 0
  const runner = async () => {
    for (let i = next++; i < files.length; i = next++) {
      const answer = await analyzeOne(tools, files[i] as string)
      answers[i] = answer
      say(++done, files.length, answer)
    }
  }
  await Promise.all(Array.from({ length: tools.pool.size }, runner))
  return answers
}

async function main(args: readonly string[]): Promise<number> {
  const wish = readArguments(args)
  if ('fault' in wish) {
    process.stderr.write(`${wish.fault}\n${USAGE}\n`)
    return 2
  }
  const config = readConfig(readEnv())
  const media = await createMedia({ ffmpegBin: config.ffmpegBin })
  const pool = createPool(Math.min(wish.files.length, poolSize(config.analysisWorkers)))
  try {
    const answers = await analyzeAll({ media, pool }, wish.files)
    process.stdout.write(wish.isJson ? `${JSON.stringify(answers, null, 2)}\n` : table(answers))
    return answers.some((answer) => 'error' in answer) ? 1 : 0
  } finally {
    await Promise.all([pool.close(), media.close()])
  }
}

if (import.meta.main)
  process.exitCode = await main(process.argv.slice(2)).catch((thrown: unknown) => {
    process.stderr.write(`${messageOf(thrown)}\n`)
    return 1
  })
