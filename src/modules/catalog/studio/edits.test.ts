import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { CREDIT_ROLES } from '#modules/catalog/things.ts'
import type { Base } from './base.ts'
import { derive, deriveOwned } from './derive.ts'
import { type Edits, edited, layOver, type Patch } from './edits.ts'

const word = fc.string({ unit: fc.constantFrom('a', 'B', 'é', ' ', '日', '\u0000', '\ud800', ';'), maxLength: 12 })
const name = word.map((w) => `n${w.replace(/[\0\ud800;]/gu, '')}`.trim())
const number = fc.integer({ min: 1, max: 999 })
const nullish = <T>(of: fc.Arbitrary<T>) => fc.oneof(of, fc.constantFrom(null, undefined))
const patch: fc.Arbitrary<Patch> = fc.record(
  {
    title: nullish(word),
    artist: nullish(word),
    credits: nullish(fc.array(fc.record({ name: word, role: fc.constantFrom(...CREDIT_ROLES) }), { maxLength: 4 })),
    album: nullish(word),
    albumId: nullish(fc.uuid()),
    disc: nullish(number),
    track: nullish(number),
    year: nullish(number),
    genres: nullish(fc.array(word, { maxLength: 4 })),
    tags: nullish(fc.array(word, { maxLength: 4 })),
    cover: nullish(fc.constantFrom('a'.repeat(64), 'b'.repeat(64))),
  },
  { requiredKeys: [] },
)
const base: fc.Arbitrary<Base> = fc.record({
  title: name,
  sortTitle: name,
  artist: name,
  people: fc
    .array(fc.record({ name, role: fc.constantFrom(...CREDIT_ROLES, 'album' as const) }), { maxLength: 5 })
    .map((more) => [{ name: 'main', role: 'main' as const }, ...more]),
  album: fc.option(fc.record({ title: name, sortTitle: name, isCompilation: fc.boolean(), folder: name }), {
    nil: undefined,
  }),
  disc: fc.option(number),
  track: fc.option(number),
  year: fc.option(number),
  genres: fc.array(name, { maxLength: 3 }),
  tags: fc.constant([]),
  releaseKind: fc.constantFrom(null, 'live'),
})
const plain = <T>(value: T): T => structuredClone(value)
const NOTHING: Edits = {}
const takenBack: Patch = {
  title: null,
  artist: null,
  credits: null,
  album: null,
  albumId: null,
  disc: null,
  track: null,
  year: null,
  genres: null,
  tags: null,
  cover: null,
}

describe('what people say of a song, laid over what its file says', () => {
  test('saying nothing changes nothing; taking everything back neither, whatever was said before', () => {
    fc.assert(
      fc.property(base, fc.array(patch, { maxLength: 5 }), (b, patches) => {
        assert.deepEqual(layOver(b, NOTHING), b)
        const said = patches.reduce(edited, NOTHING)
        assert.deepEqual(edited(said, {}), said)
        assert.deepEqual(edited(said, takenBack), {})
        assert.deepEqual(layOver(b, edited(said, takenBack)), b)
      }),
    )
  })

  test('each field follows the last word on it, and the file where there is none', () => {
    fc.assert(
      fc.property(base, base, patch, (before, after, p) => {
        const edits = plain(edited(NOTHING, p))
        const [old, fresh] = [layOver(before, edits), layOver(after, edits)]
        for (const field of ['title', 'disc', 'track', 'year', 'genres', 'tags'] as const) {
          if (edits[field] === undefined) assert.deepEqual(fresh[field], after[field])
          else assert.deepEqual([old[field], fresh[field]], [edits[field], edits[field]])
        }
        assert.equal(fresh.album?.title, edits.album ?? after.album?.title)
        assert.deepEqual(
          fresh.people.filter((x) => x.role === 'album'),
          after.people.filter((x) => x.role === 'album'),
        )
      }),
    )
  })

  test('one field taken back leaves the others as they are', () => {
    const fields = Object.keys(takenBack) as (keyof Patch)[]
    fc.assert(
      fc.property(patch, fc.constantFrom(...fields), (p, field) => {
        const said = edited(NOTHING, p)
        const { [field]: _gone, ...rest } = said
        assert.deepEqual(edited(said, { [field]: null }), rest)
      }),
    )
  })

  test('what is derived can be stored, and of an owned song tells nothing of its album', () => {
    fc.assert(
      fc.property(base, patch, (b, p) => {
        const secret = 'zqxsecret'
        const laid = layOver(
          { ...b, album: { title: secret, sortTitle: secret, isCompilation: false, folder: '' } },
          edited(NOTHING, { ...p, album: undefined }),
        )
        const facts = derive(laid)
        assert.ok(facts.words.includes(secret) || facts.words.length >= 200)
        assert.ok(facts.credits.every((c) => facts.artists.some((a) => a.key === c.key)))
        assert.ok(!JSON.stringify(facts).includes('\\u0000'))
        assert.ok(!JSON.stringify(deriveOwned(laid)).includes(secret))
      }),
    )
  })

  test('a line of artists becomes its people', () => {
    const b: Base = {
      title: 'T',
      sortTitle: 'T',
      artist: 'X',
      people: [
        { name: 'X', role: 'main' },
        { name: 'C', role: 'composer' },
      ],
      album: undefined,
      disc: null,
      track: null,
      year: null,
      genres: [],
      tags: [],
      releaseKind: null,
    }
    const people = (artist: string) => layOver(b, edited(NOTHING, { artist })).people.map((p) => `${p.role} ${p.name}`)
    assert.deepEqual(people('A'), ['main A', 'composer C'])
    assert.deepEqual(people('Simon & Garfunkel; B feat. D & E'), [
      'main Simon & Garfunkel',
      'main B',
      'featured D',
      'featured E',
      'composer C',
    ])
    const credited = layOver(
      b,
      edited(NOTHING, {
        credits: [
          { name: 'A', role: 'main' },
          { name: 'R', role: 'remixer' },
          { name: 'G', role: 'featured' },
        ],
      }),
    )
    assert.equal(credited.artist, 'A feat. G')
    assert.deepEqual(
      credited.people.map((p) => p.role),
      ['main', 'remixer', 'featured'],
    )
  })
})
