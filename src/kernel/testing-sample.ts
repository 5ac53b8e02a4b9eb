import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { contract, internal, op, raw } from '#kernel/contract.ts'
import { AppError, notFound, unprocessable } from '#kernel/errors.ts'
import { filesOf } from '#kernel/http/forms.ts'
import { newId } from '#kernel/ids.ts'
import { type Ctx, defineModule, event, job, type NoNeeds, on, runs } from '#kernel/module.ts'
import { Empty, Id, Nullable, OneOf, Page, pageQuery, type Static, Strict, Text, Type } from '#kernel/schema.ts'
import { push } from '#kernel/sockets/realtime.ts'

/** Two small modules for the kernel's own tests: the kernel knows no real one. */

export { door, doorContract } from './testing-door.ts'

const Note = Type.Object(
  { id: Id, text: Type.String(), isPinned: Type.Boolean(), lengthSec: Nullable(Type.Integer()) },
  { $id: 'Note' },
)
type Note = Static<typeof Note>

export const notePinned = event('notes.note-pinned.v1', Strict({ noteId: Id }))
export const countNotes = job('notes.count.v1', Strict({ by: Text(50) }), { lane: 'quick', maxAttempts: 3 })
export const noteMade = push('note:made', Type.Object({ noteId: Id }), 'A note was made')

const BYTES = Buffer.from('0123456789'.repeat(100))

export const notesContract = contract('notes', 'Notes, for tests', {
  listNotes: op({
    method: 'GET',
    path: '/notes',
    auth: 'anyone',
    summary: 'Notes',
    input: Strict({
      ...pageQuery,
      isPinned: Type.Optional(Type.Boolean()),
      tag: Type.Optional(Type.Array(Text(20), { maxItems: 3 })),
    }),
    output: Page(Note),
  }),
  getNote: op({
    method: 'GET',
    path: '/notes/:id',
    aliases: ['GET /n/:id'],
    auth: 'anyone',
    summary: 'One note',
    input: Strict({ id: Id }),
    output: Note,
  }),
  createNote: op({
    method: 'POST',
    path: '/notes',
    auth: 'user',
    status: 201,
    summary: 'A new note',
    input: Strict({
      text: Text(20_000),
      lengthSec: Type.Optional(Type.Integer({ minimum: 5, maximum: 600 })),
      tags: Type.Optional(Type.Array(Text(20), { maxItems: 3 })),
      kind: Type.Optional(OneOf(['short', 'long'], { default: 'short' })),
      waitMs: Type.Optional(Type.Integer({ maximum: 5000 })),
    }),
    inputAliases: { body: 'text', length: 'lengthSec', length_sec: 'lengthSec' },
    output: Note,
  }),
  pinNote: op({
    method: 'PATCH',
    path: '/notes/:id/pin',
    auth: 'user',
    summary: 'Pin or unpin; without a body, the other way round',
    input: Strict({ id: Id, isPinned: Type.Optional(Type.Boolean()) }),
    output: Note,
  }),
  deleteNote: op({
    method: 'DELETE',
    path: '/notes/:id',
    auth: 'user',
    status: 204,
    summary: 'Delete',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  attach: op({
    method: 'POST',
    path: '/notes/:id/attach',
    aliases: ['PUT /notes/:id/attach'],
    auth: 'user',
    status: 201,
    summary: 'Files of a note',
    files: { image: { of: 'image', aliases: ['picture'] }, audio: { of: 'audio', required: true, max: 2 } },
    input: Strict({
      id: Id,
      isPinned: Type.Optional(Type.Boolean()),
      tags: Type.Optional(Type.Array(Text(20))),
      lengthSec: Type.Optional(Nullable(Type.Integer())),
      people: Type.Optional(Type.Array(Strict({ name: Text(20) }))),
      label: Type.Optional(Nullable(Text(20))),
    }),
    inputAliases: { length: 'lengthSec' },
    output: Type.Object({}, { additionalProperties: true }),
  }),
  stamp: op({
    method: 'POST',
    path: '/artist/stamp',
    auth: 'artist',
    summary: 'For artists',
    input: Empty,
    output: Empty,
  }),
  audit: op({
    method: 'GET',
    path: '/admin/notes',
    auth: 'admin',
    rate: 'heavy',
    summary: 'For admins',
    input: Empty,
    output: Empty,
  }),
  fail: op({
    method: 'POST',
    path: '/notes/fail',
    auth: 'anyone',
    summary: 'Fails as told',
    input: Strict({ how: OneOf(['bug', 'known', 'shape']) }),
    output: Type.Object({ n: Type.Integer() }),
  }),
  file: raw({
    method: 'GET',
    path: '/notes/:id/file',
    auth: 'anyone',
    summary: 'A thousand bytes, or a range of them',
    input: Strict({ id: Id, speed: Type.Optional(Type.Integer({ minimum: 1 })) }),
    produces: ['application/octet-stream'],
  }),
  whoCalls: internal({
    summary: 'The caller, as it arrived',
    input: Empty,
    output: Type.Object({ kind: Type.String(), userId: Nullable(Type.String()), role: Nullable(Type.String()) }),
  }),
})

type Tables = unknown

export const notes = defineModule<Tables, { notes: typeof notesContract }, NoNeeds>({
  name: 'notes',
  contracts: { notes: notesContract },
  needs: {},
  create(ctx) {
    const kept = new Map<string, Note>()
    return {
      api: { notes: service(ctx, kept) },
      routes: { notes: { file: async (_who, { id }, request, reply) => sendFile(id, request.headers.range, reply) } },
      on: [
        on(
          notePinned,
          async (tx, { noteId }) => void (await sql`insert into seen (id) values (${noteId})`.execute(tx)),
        ),
      ],
      jobs: [runs(countNotes, async () => undefined)],
    }
  },
})

function service(ctx: Ctx<Tables>, kept: Map<string, Note>) {
  const get = (id: string): Note => {
    const note = kept.get(id)
    if (!note) throw notFound('note')
    return note
  }
  return {
    async listNotes(_who: unknown, { limit = 0, isPinned }: { limit?: number; isPinned?: boolean }) {
      const items = [...kept.values()].filter((n) => isPinned === undefined || n.isPinned === isPinned)
      return { items: items.slice(0, limit), nextCursor: null }
    },
    getNote: async (_who: unknown, { id }: { id: string }) => get(id),
    async createNote(_who: { userId?: string }, i: { text: string; lengthSec?: number; waitMs?: number }) {
      await new Promise((resolve) => setTimeout(resolve, i.waitMs ?? 0))
      if (i.text === 'impossible') throw unprocessable('impossible', 'This cannot be written down.')
      const note = { id: newId(), text: i.text, isPinned: false, lengthSec: i.lengthSec ?? null }
      kept.set(note.id, note)
      ctx.realtime.toAll(noteMade, { noteId: note.id })
      return note
    },
    async pinNote(_who: unknown, { id, isPinned }: { id: string; isPinned?: boolean }) {
      const note = get(id)
      note.isPinned = isPinned ?? !note.isPinned
      return note
    },
    async deleteNote(_who: unknown, { id }: { id: string }) {
      if (!kept.delete(id)) throw notFound('note')
      return {}
    },
    // Answers what came, so that tests see it as an operation does.
    async attach(_who: unknown, input: object) {
      const files = Object.entries(filesOf(input)).map(async ([field, all]) => [
        field,
        await Promise.all(all.map(async ({ path, ...f }) => ({ ...f, text: await readFile(path, 'utf8') }))),
      ])
      return { ...input, files: Object.fromEntries(await Promise.all(files)) as object }
    },
    stamp: async () => ({}),
    audit: async () => ({}),
    async fail(_who: unknown, { how }: { how: string }) {
      if (how === 'bug') throw new Error('a secret of the inside')
      if (how === 'known') throw new AppError(503, 'sleeping', 'Come back later.', { retryAfterSec: 7 })
      return { n: 'not a number' } as unknown as { n: number }
    },
    async whoCalls(who: { kind: string; userId?: string; role?: string }) {
      return { kind: who.kind, userId: who.userId ?? null, role: who.role ?? null }
    },
  }
}

type Reply = {
  code(n: number): Reply
  header(k: string, v: string | number): Reply
  type(t: string): Reply
  send(b: unknown): unknown
}

function sendFile(id: string, range: string | undefined, reply: Reply): unknown {
  reply.header('accept-ranges', 'bytes').header('etag', `"${id}"`).type('application/octet-stream')
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []
  if (from === undefined) return reply.header('content-length', BYTES.length).send(Readable.from([BYTES]))
  const part = BYTES.subarray(Number(from), Number(to) + 1)
  reply.code(206).header('content-range', `bytes ${from}-${to}/${BYTES.length}`).header('content-length', part.length)
  return reply.send(Readable.from([part]))
}
