import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { Db } from '#modules/catalog/store/db.ts'
import { deleteFiles, type FileRow, knownFiles, knownSignatures, upsertFiles } from '#modules/catalog/store/files.ts'
import { folders } from '#modules/catalog/store/folders.ts'
import { type Catalog, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import { compare, PASSING_FAULTS } from './compare.ts'
import { bytesOf, stemOf } from './names.ts'
import { pack, unpack } from './pack.ts'
import { type FoundFile, type Listing, lyricsByStem, sidecarsOf, signatureOf } from './sidecars.ts'

const letter = fc.constantFrom('a', 'B', 'ä', '\xff', ' ', "'", '\n', '|', ':')
const stem = fc.string({ unit: letter, minLength: 1, maxLength: 4 }).map((s) => s.replaceAll('/', ''))
const facts = fc.record({ sizeBytes: fc.integer({ min: 0, max: 3 }), mtimeUs: fc.integer({ min: -2, max: 2 ** 52 }) })
const file = (end: string) =>
  fc.tuple(stem, facts).map(([name, f]): FoundFile => ({ name: Buffer.from(`${name}${end}`, 'latin1'), ...f }))
const byName = (a: FoundFile, b: FoundFile) => Buffer.compare(a.name, b.name)
const distinct = (end: string) =>
  fc.uniqueArray(file(end), { selector: (f) => f.name.toString('latin1'), maxLength: 4 }).map((all) => all.sort(byName))
const listing: fc.Arbitrary<Listing> = fc.record({
  dir: stem.map((s) => Buffer.from(s, 'latin1')),
  audio: distinct('.mp3'),
  lyrics: distinct('.lrc'),
  image: fc.option(file('.png'), { nil: undefined }),
})

const rowsOf = (folder: string, l: Listing, fault: string | null): FileRow[] => {
  const lyrics = lyricsByStem(l.lyrics)
  return l.audio.map((f) => ({
    folder,
    dir: l.dir.toString('hex'),
    name: f.name.toString('hex'),
    path: 'shown',
    size: f.sizeBytes,
    mtime: f.mtimeUs,
    sidecars: sidecarsOf(l.image, lyrics.get(stemOf(f.name))),
    content: null,
    duration: null,
    song: null,
    code: fault,
    reason: fault,
  }))
}

test('a listing travels between threads unchanged', () => {
  fc.assert(
    fc.property(listing, (l) => assert.deepEqual(unpack(l.dir.toString('latin1'), pack(l)), { ...l, dir: l.dir })),
  )
})

describe('the fingerprint of a folder', () => {
  let music: MusicFolder
  let c: Catalog
  let db: Db
  let folderId: string
  before(async () => {
    music = await musicFolder()
    c = await startCatalog({ musicDirs: [music.root] })
    db = c.app.app.ports.db.kysely as unknown as Db
    folderId = (await folders(db))[0]?.id ?? ''
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })

  test('is that of the stored rows exactly when a comparison finds no difference', async () => {
    const [folder] = await folders(db)
    assert.ok(folder)
    const fault = fc.constantFrom(null, 'not_audio', 'unreadable')
    await fc.assert(
      fc.asyncProperty(listing, listing, fault, fc.boolean(), async (stored, other, code, isSame) => {
        const now = isSame ? stored : { ...other, dir: stored.dir }
        await upsertFiles(db, rowsOf(folderId, stored, code))
        const known = await knownFiles(db, folderId, [stored.dir])
        const key = stored.dir.toString('latin1')
        const signatures = await knownSignatures(db, folderId, [stored.dir, bytesOf('elsewhere')], PASSING_FAULTS)
        const { wanted, gone } = compare(folder, now, known, 'changes')
        const isPassed = signatures.has(key) ? signatures.get(key) === signatureOf(now) : now.audio.length === 0
        await deleteFiles(
          db,
          known.map((k) => k.id),
        )
        assert.equal(isPassed, wanted.length + gone.length === 0)
        assert.ok(!signatures.has('elsewhere'))
      }),
      { numRuns: 60 },
    )
  })
})
