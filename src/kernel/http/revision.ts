import type { FastifyRequest } from 'fastify'
import type { Answer } from '#kernel/contract.ts'
import { AppError, badRequest } from '#kernel/errors.ts'

/** A thing with a `revision` that grows with every change of it. Its number is the ETag. */
type Revisioned = { readonly revision: number }

const TAG = /^(?:W\/)?"([^"]*)"$/
const etagOf = ({ revision }: Revisioned): string => `"${revision}"`
/** A proxy that compresses makes a tag weak; it names the same revision all the same. */
const namesOf = (header: string): string[] => header.split(',').map((tag) => TAG.exec(tag.trim())?.[1] ?? tag.trim())

/** For the `answers` of a module: sends the ETag of the thing that is answered, and 304 to who has it. */
export const withETag: Answer = (output, request, reply) => {
  const thing = output as Revisioned
  reply.header('etag', etagOf(thing)).header('cache-control', 'private, no-cache')
  const known = request.method === 'GET' ? request.headers['if-none-match'] : undefined
  return known !== undefined && namesOf(known).includes(String(thing.revision)) ? reply.code(304).send() : output
}

/** The same for what changes without its revision, too: the ETag serves `If-Match` alone, and a GET is always answered. */
export const withRevision: Answer = (output, _request, reply) => {
  reply.header('etag', etagOf(output as Revisioned)).header('cache-control', 'private, no-cache')
  return output
}

/** A revision that no thing has. */
const NONE = -1

/** The revision that `If-Match` asks for; undefined when it asks for none, or for any. Throws 400 for several. */
export function revisionAsked(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match']
  if (header === undefined || header.trim() === '*') return undefined
  const names = namesOf(header)
  if (names.length > 1) throw badRequest('bad_if_match', 'If-Match takes one ETag here.')
  return /^\d{1,15}$/.test(names[0] ?? '') ? Number(names[0]) : NONE
}

/** Throws 412 when the thing is another than the caller has seen. Ask within the transaction that changes it. */
export function assertRevision(thing: Revisioned, asked: number | undefined): void {
  if (asked !== undefined && asked !== thing.revision)
    throw new AppError(412, 'precondition_failed', 'This has been changed meanwhile: read it again, then change it.')
}
