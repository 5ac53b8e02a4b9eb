import { AppError, tooMany } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import type { FilePath, Media } from '#kernel/media/index.ts'
import type { Profile } from '../profiles.ts'
import type { RenditionId } from '../store.ts'
import { EXACT_SAMPLE_RATE, exactMp3Bytes, FRAMES_OFF_MAX, frameBytes, silentFrame } from './exact.ts'
import { createGrowingFile, type GrowingFile } from './growing.ts'
import type { KeptRenditions } from './kept.ts'

/** An encoder nobody listens to any more is stopped after this: long enough for a player to ask again elsewhere. */
const ABANDONED_MS = 500
/** When to come back after 429: most songs are encoded in less. */
const RETRY_AFTER_SEC = 5
/** Encoders give way to the server itself. */
const NICE = 5

export type Wanted = {
  readonly id: RenditionId
  readonly profile: Profile
  readonly file: FilePath
  readonly durationMs: number
  /** Whether the song that this is made for is still there. */
  readonly isThere: () => Promise<boolean>
}
/** A transcode under way: what is made so far, and how long it will be when that is known beforehand. */
export type Encoding = {
  readonly file: GrowingFile
  readonly promisedBytes: number | undefined
  /** Count one listener; the answer ends that. The last one to leave stops an unfinished encoder. */
  listen(): () => void
}
type Live = Encoding & { readonly abort: AbortController; readonly finished: Promise<void> }
type Deps = { media: Media; kept: KeptRenditions; folder: string; transcodesMax: number; log: Log }

const keyOf = (id: RenditionId): string => `${id.contentId}/${id.profile}`
const isDiskFull = (thrown: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((thrown as NodeJS.ErrnoException | undefined)?.code ?? '')
const diskFull = () =>
  new AppError(507, 'disk_full', 'The disk of the server is full, so nothing can be transcoded: ask for the original.')

/**
 * Invariants: at most one encoder per rendition and at most `transcodesMax` in this process; everybody who wants the
 * same rendition follows the same file.
 */
export function createEncoders(d: Deps) {
  const live = new Map<string, Promise<Live>>()

  function begin(wanted: Wanted): Promise<Live> {
    if (live.size >= d.transcodesMax)
      throw tooMany(
        `This server makes at most ${d.transcodesMax} transcodes at once: try again shortly, or ask for the original.`,
        RETRY_AFTER_SEC,
        'too_many_transcodes',
      )
    const key = keyOf(wanted.id)
    const started = start(d, wanted, () => live.delete(key))
    live.set(key, started)
    started.catch(() => live.delete(key))
    return started
  }
  return {
    active: () => live.size,
    /** What is being made, if it is. */
    current: (id: RenditionId): Promise<Encoding> | undefined => live.get(keyOf(id)),
    /** Throws 429 `too_many_transcodes`, 507 `disk_full`, and what the media port throws. */
    join: (wanted: Wanted): Promise<Encoding> => live.get(keyOf(wanted.id)) ?? begin(wanted),
    async stop(): Promise<void> {
      const all = await Promise.allSettled(live.values())
      const encodings = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      for (const { abort } of encodings) abort.abort(new Error('the server stops'))
      await Promise.allSettled(encodings.map(({ finished }) => finished))
    },
  }
}
export type Encoders = ReturnType<typeof createEncoders>

async function start(d: Deps, wanted: Wanted, onOver: () => void): Promise<Live> {
  const abort = new AbortController()
  const file = await createGrowingFile(d.folder).catch((thrown: unknown) => {
    throw isDiskFull(thrown) ? diskFull() : thrown
  })
  const promisedBytes = promiseOf(wanted)
  const finished = encode(d, wanted, { file, promisedBytes, abort }).finally(() => {
    onOver()
    file.close()
  })
  return { file, promisedBytes, abort, finished, listen: listeners(abort) }
}

const promiseOf = ({ profile, durationMs }: Wanted): number | undefined =>
  profile.codec === 'mp3' && profile.kbps !== undefined ? exactMp3Bytes(durationMs, profile.kbps) : undefined

function listeners(abort: AbortController): () => () => void {
  let count = 0
  let timer: NodeJS.Timeout | undefined
  const leave = () => {
    if (--count > 0) return
    timer = setTimeout(() => abort.abort(new Error('nobody listens any more')), ABANDONED_MS)
    timer.unref()
  }
  return () => {
    count++
    clearTimeout(timer)
    let isHere = true
    return () => {
      if (isHere) leave()
      isHere = false
    }
  }
}

type Job = { file: GrowingFile; promisedBytes: number | undefined; abort: AbortController }

/** Never rejects: whoever follows the file hears of a failure there. */
async function encode(d: Deps, wanted: Wanted, job: Job): Promise<void> {
  try {
    await pump(d.media, wanted, job)
    const keptBytes = await settle(wanted, job, d.log)
    job.file.end()
    await d.kept.keep(wanted.id, job.file, keptBytes)
    // Asked last: of a song that goes after this, the news finds what was kept.
    if (!(await wanted.isThere())) await d.kept.forget(wanted.id)
  } catch (thrown) {
    const fault = isDiskFull(thrown) ? diskFull() : (thrown as Error)
    if (!job.abort.signal.aborted) d.log.warn({ err: thrown, ...wanted.id }, 'a transcode was not kept')
    job.file.fail(fault)
  }
}

async function pump(media: Media, wanted: Wanted, { file, abort }: Job): Promise<void> {
  const { codec, kbps } = wanted.profile
  const transcode = await media.transcode(wanted.file, {
    codec,
    bitrateKbps: kbps,
    sampleRate: codec === 'mp3' ? EXACT_SAMPLE_RATE : undefined,
    signal: abort.signal,
    nice: NICE,
  })
  for await (const chunk of transcode.stream as AsyncIterable<Buffer>) await file.append(chunk)
  await transcode.exit
}

/**
 * Makes the file as long as was promised to those who listen already, and resolves how much of it is worth keeping:
 * all of it when the promise was right to within a few frames; else only the real music, whose length the next
 * listener is told.
 */
async function settle(wanted: Wanted, { file, promisedBytes }: Job, log: Log): Promise<number> {
  const madeBytes = file.sizeBytes()
  if (promisedBytes === undefined || madeBytes === 0) return madeBytes
  const kbps = wanted.profile.kbps as number
  const framesOff = (promisedBytes - madeBytes) / frameBytes(kbps)
  if (framesOff > 0) await pad(file, kbps, promisedBytes)
  if (Math.abs(framesOff) <= FRAMES_OFF_MAX) return promisedBytes
  log.warn({ ...wanted.id, framesOff }, 'a song is not as long as its tags say')
  return madeBytes
}

async function pad(file: GrowingFile, kbps: number, promisedBytes: number): Promise<void> {
  const first = file.reader(0, 4)
  const header = Buffer.concat(await first.toArray())
  const frame = silentFrame(header, kbps)
  while (file.sizeBytes() < promisedBytes)
    await file.append(frame.subarray(0, Math.min(frame.length, promisedBytes - file.sizeBytes())))
}
