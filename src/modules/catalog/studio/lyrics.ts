import type { Caller } from '#kernel/caller.ts'
import type { Answer, Api } from '#kernel/contract.ts'
import { badRequest, unprocessable } from '#kernel/errors.ts'
import { formatLrc, joinWords, parseLrc, tidyLine, tidyLines } from '#kernel/media/index.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { Lyrics, LyricsLine, songs } from '#modules/catalog/schema.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import { toLyrics } from '#modules/catalog/service/shapes.ts'
import { oneSong } from '#modules/catalog/service/songs.ts'
import { lockShelf } from '#modules/catalog/store/recount.ts'
import { lyricsOf } from '#modules/catalog/store/songs.ts'
import { LRC_MAX_CHARS, PLAIN_MAX_CHARS } from './contract.ts'
import { sourceOf } from './rewrite.ts'
import { writeLyrics } from './store.ts'

const LINE_MAX_CHARS = 2000
type Input = Parameters<Api<typeof songs>['setLyrics']>[1]
type Written = { plain: string | null; lines: LyricsLine[] }

/** Words are the line, whether they carry their blanks or leave them out. */
function timedWords(text: string, words: NonNullable<LyricsLine['words']>): Pick<LyricsLine, 'text' | 'words'> {
  const asGiven = joinWords(words)
  if (text === '' || asGiven.text === text) return asGiven
  const parted = joinWords(words.map((w) => ({ ...w, text: `${w.text} ` })))
  if (parted.text === text) return parted
  throw unprocessable(
    'lyrics_words_differ',
    `The words of the line "${text.slice(0, 60)}" are not the text of the line.`,
  )
}

function oneLine({ timeMs, text, words }: LyricsLine): LyricsLine {
  const tidy = tidyLine(text, LINE_MAX_CHARS) ?? ''
  return { timeMs, ...(words && words.length > 0 ? timedWords(tidy, words) : { text: tidy }) }
}

/** Lines in the order of their times, in the form that is kept. Throws 422 `lyrics_words_differ`. */
export const tidyLyricLines = (lines: readonly LyricsLine[]): LyricsLine[] =>
  lines.map(oneLine).sort((a, b) => a.timeMs - b.timeMs)

const textOf = (lines: readonly LyricsLine[]): string | null =>
  tidyLines(lines.map((l) => l.text).join('\n'), PLAIN_MAX_CHARS) ?? null

/** What a request says; undefined when it says nothing. Throws 400 `lyrics_twice`. */
function given({ plain, lrc, lines }: Input): Written | undefined {
  if (typeof lrc === 'string') {
    if (plain || lines) throw badRequest('lyrics_twice', 'Send either `lrc`, or `lines` and `plain`.')
    const read = parseLrc(lrc, LRC_MAX_CHARS)
    return { plain: read.plain ?? null, lines: read.synced ?? [] }
  }
  if (!plain && !lines) return undefined
  const timed = tidyLyricLines(lines ?? [])
  return { plain: plain ? (tidyLines(plain, PLAIN_MAX_CHARS) ?? null) : textOf(timed), lines: timed }
}

async function keep(ctx: CatalogCtx, songId: string, lyrics: Written, by: 'person' | 'file'): Promise<void> {
  await ctx.write(async (tx) => {
    await lockShelf(tx)
    await writeLyrics(tx, songId, { ...lyrics, isEdited: by === 'person' })
  })
  await tellChanged(ctx)
}

/** Lyrics that people wrote stay whatever the file says later; a request that says nothing gives the file its say again. */
export async function setLyrics(ctx: CatalogCtx, who: Caller, input: Input): Promise<Lyrics> {
  await oneSong(ctx, who, input.id, 'edit')
  const written = given(input)
  const ofFile = async (): Promise<Written> => (await sourceOf(ctx, input.id)).lyrics ?? { plain: null, lines: [] }
  await keep(ctx, input.id, written ?? (await ofFile()), written ? 'person' : 'file')
  return toLyrics(input.id, await lyricsOf(ctx.db, input.id))
}

/** What its owner (or an admin) has written, hidden or not. */
export async function lyricsForEditor(ctx: CatalogCtx, who: Caller, id: string): Promise<Lyrics> {
  await oneSong(ctx, who, id, 'edit')
  return toLyrics(id, await lyricsOf(ctx.db, id))
}

/** They stay away, also when the file has some. */
export async function removeLyrics(ctx: CatalogCtx, who: Caller, id: string): Promise<Record<string, never>> {
  await oneSong(ctx, who, id, 'edit')
  await keep(ctx, id, { plain: null, lines: [] }, 'person')
  return {}
}

/** `?format=lrc`: the lines as an LRC file; lyrics without times as they are. */
export const lyricsAnswer: Answer = (output, request, reply) => {
  if ((request.query as { format?: unknown }).format !== 'lrc') return output
  const { lines, plain } = output as Lyrics
  return reply.type('text/plain; charset=utf-8').send(lines.length > 0 ? formatLrc(lines) : (plain ?? ''))
}
