import type { IAudioMetadata, ICommonTagsResult } from 'music-metadata'
import { VALUES_MAX } from '#kernel/media/bounds.ts'
import { RELEASE_KINDS, type ReleaseKind, type TagCredit } from '#kernel/media/types.ts'

type INativeTags = IAudioMetadata['native']
/** Turns the values of a tag into clean names. */
type Names = (values: unknown) => string[]

const FIELDS = [
  ['remixer', 'remixer'],
  ['lyricist', 'lyricist'],
  ['arranger', 'arranger'],
  ['conductor', 'conductor'],
  ['producer', 'producer'],
  ['mixer', 'mixer'],
  ['djmixer', 'mixer'],
  ['engineer', 'engineer'],
] as const satisfies readonly (readonly [keyof ICommonTagsResult, TagCredit['role']])[]

/** What the lists of ID3 call them. */
const FUNCTIONS: Readonly<Record<string, TagCredit['role']>> = {
  arranger: 'arranger',
  engineer: 'engineer',
  producer: 'producer',
  mix: 'mixer',
  'dj-mix': 'mixer',
}
/** Of people and what they did; version 2.3 has one list for functions and instruments. */
const LISTS = new Set(['TIPL', 'IPLS', 'TMCL'])
const PERFORMER = /(?:^|:)PERFORMER$/i

/** `Name (guitar)` -> `Name` */
const withoutInstrument = (name: string): string => name.replace(/(?<=\S)\s*\([^()]*\)$/u, '')

function listed(id: string, value: unknown, names: Names): TagCredit[] {
  if (typeof value !== 'object' || value === null) return []
  const entries = Object.entries(value).slice(0, VALUES_MAX)
  return entries.flatMap(([what, people]) => {
    // Whatever is no function is an instrument.
    const role = FUNCTIONS[what.toLowerCase()] ?? (id === 'TIPL' ? undefined : 'performer')
    return role === undefined ? [] : names(people).map((name) => ({ role, name }))
  })
}

const fromNative = (native: INativeTags, names: Names): TagCredit[] =>
  Object.values(native)
    .flat()
    .flatMap(({ id, value }) => {
      if (LISTS.has(id)) return listed(id, value, names)
      if (!PERFORMER.test(id)) return []
      return names(value).map((name) => ({ role: 'performer' as const, name: withoutInstrument(name) }))
    })

/** Who else is named on the recording, beside artists and composers: each once a role, bounded. */
export function creditsOf(common: ICommonTagsResult, native: INativeTags, names: Names): TagCredit[] {
  const all: TagCredit[] = [
    ...FIELDS.flatMap(([field, role]) => names(common[field] ?? []).map((name) => ({ role, name }))),
    ...fromNative(native, names),
  ]
  return [...new Map(all.map((c) => [`${c.role} ${c.name}`, c])).values()].slice(0, VALUES_MAX)
}

/** The kind of release as MusicBrainz names it; of several the most telling: a live album is `live`. */
export function releaseKindOf(types: readonly unknown[] | undefined): ReleaseKind | undefined {
  const given = (types ?? [])
    .flatMap((t) => (typeof t === 'string' ? t.toLowerCase().split(/[;,/+]/) : []))
    .map((t) => t.trim())
  return RELEASE_KINDS.find((kind) => given.includes(kind))
}
