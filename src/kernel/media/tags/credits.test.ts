import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Tags } from '#kernel/media/types.ts'
import { id3v2, mp3Silence, nativeFfmpeg, skipWithoutFfmpeg, tempFolder } from '#test/fixtures/audio.ts'
import { releaseKindOf } from './credits.ts'
import { probeFile } from './probe-file.ts'

const shown = (tags: Tags): string[] => (tags.credits ?? []).map((c) => `${c.role}: ${c.name}`).sort()

const tagsOf = async (path: string): Promise<Tags> => {
  const probe = await probeFile(path)
  assert.ok(probe.ok, JSON.stringify(probe))
  return probe.tags
}

describe('who else is named on a recording', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  before(async () => {
    folder = await tempFolder()
  })
  after(() => folder.remove())

  const written = async (tags: Parameters<typeof id3v2>[0], version: 3 | 4): Promise<Tags> => {
    const path = join(folder.path, `${version}.mp3`)
    await writeFile(
      path,
      Buffer.concat([id3v2(tags, { version, encoding: version === 3 ? 'utf16' : 'utf8' }), mp3Silence({ sec: 1 })]),
    )
    return tagsOf(path)
  }

  test('ID3v2.4: functions, musicians, remixers, writers of words, the kind of release', async () => {
    const tags = await written(
      {
        TIT2: 'T',
        TPE1: ['Ann', 'Bob feat. Cy'],
        TPE3: 'Con Ductor',
        TPE4: 'Re Mixer',
        TEXT: 'Lyra Cist',
        TIPL: [
          'producer',
          'Pro Ducer',
          'mix',
          'Mix Er',
          'DJ-mix',
          'Dee Jay',
          'engineer',
          'En Gineer',
          'arranger',
          'Arr Anger',
        ],
        TMCL: ['guitar', 'Gil', 'drums', 'Dora, Dan'],
        TXXX: ['MusicBrainz Album Type', 'album/live'],
      },
      4,
    )
    assert.deepEqual(shown(tags), [
      'arranger: Arr Anger',
      'conductor: Con Ductor',
      'engineer: En Gineer',
      'lyricist: Lyra Cist',
      'mixer: Dee Jay',
      'mixer: Mix Er',
      'performer: Dan',
      'performer: Dora',
      'performer: Gil',
      'producer: Pro Ducer',
      'remixer: Re Mixer',
    ])
    assert.deepEqual([tags.artists, tags.featured], [['Ann', 'Bob', 'Cy'], ['Cy']])
    assert.equal(tags.releaseKind, 'live')
  })

  test('ID3v2.3: one list for functions and instruments', async () => {
    const tags = await written({ TPE1: 'Ann', IPLS: ['producer', 'Pro Ducer', 'guitar', 'Gil'] }, 3)
    assert.deepEqual(shown(tags), ['performer: Gil', 'producer: Pro Ducer'])
  })

  test('a file that names nobody has no list of nobody', async () => {
    const tags = await written({ TIT2: 'T', TPE1: 'Ann' }, 4)
    assert.deepEqual([tags.credits, tags.featured, tags.releaseKind], [undefined, undefined, undefined])
  })

  for (const [ext, args] of [
    ['flac', []],
    ['ogg', ['-c:a', 'libopus']],
  ] as const)
    test(`comments of ${ext}`, { skip: skipWithoutFfmpeg() }, async () => {
      const path = join(folder.path, `tags.${ext}`)
      const meta = {
        REMIXER: 'Re Mixer',
        PRODUCER: 'Pro Ducer',
        PERFORMER: 'Gil (guitar)',
        LYRICIST: 'Lyra',
        RELEASETYPE: 'ep',
      }
      execFileSync(nativeFfmpeg() as string, [
        '-v',
        'error',
        '-f',
        'lavfi',
        '-i',
        'sine=d=0.3',
        ...args,
        ...Object.entries(meta).flatMap(([k, v]) => ['-metadata', `${k}=${v}`]),
        path,
      ])
      const tags = await tagsOf(path)
      assert.deepEqual(shown(tags), ['lyricist: Lyra', 'performer: Gil', 'producer: Pro Ducer', 'remixer: Re Mixer'])
      assert.equal(tags.releaseKind, 'ep')
    })

  test('of several kinds of release the most telling counts', () => {
    assert.equal(releaseKindOf(['Album', 'Compilation']), 'compilation')
    assert.equal(releaseKindOf(['ep; live']), 'live')
    assert.equal(releaseKindOf(['Other']), undefined)
    assert.equal(releaseKindOf(undefined), undefined)
  })
})
