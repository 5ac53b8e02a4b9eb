import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, it } from 'node:test'
import { findCircle, importsOf, judge, needsOf, resolve, roomOf, rules, type Source } from './boundaries.ts'

const root = join(import.meta.dirname, '..')
/** This file is left out: the violations below stand in it as text. */
const paths = globSync('{src,test,web/src}/**/*.{ts,js,mjs,svelte,sql}', { cwd: root })
const sources: Source[] = paths
  .map((path) => ({ file: path.replaceAll(sep, '/'), text: readFileSync(join(root, path), 'utf8') }))
  .filter(({ file }) => file !== 'test/boundaries.test.ts')

describe('the rules of dependency hold', () => {
  for (const rule of rules) {
    it(rule.name, () => {
      const { seen, violations } = judge(rule, sources)
      assert.ok(seen > 0, 'the rule saw no file: it would pass on nothing')
      assert.deepEqual(violations, [])
    })
  }

  it('needs between modules are a DAG', () => {
    const needs = needsOf(sources)
    assert.ok(needs.size > 0, 'no module says what it needs: the rule would pass on nothing')
    assert.ok([...needs.values()].flat().length > 0, 'no need was read from any index.ts: their form has changed')
    assert.equal(findCircle(needs), null)
  })
})

/** What each rule must find, and next to it the same thing done rightly, which it must let pass. */
const seeded: { rule: number; file: string; wrong: string; right: string }[] = [
  {
    rule: 0,
    file: 'src/kernel/http/server.ts',
    wrong: `import { songs } from '#modules/catalog/schema.ts'`,
    right: `import { log } from '#kernel/log.ts'`,
  },
  {
    rule: 0,
    file: 'src/engines/audio/a.test.ts',
    wrong: `const x = await import('#modules/catalog/index.ts')`,
    right: `import test from 'node:test'`,
  },
  {
    rule: 1,
    file: 'src/engines/audio/a.ts',
    wrong: `import { readFile } from 'node:fs/promises'`,
    right: `import { fft } from './fft.ts'`,
  },
  {
    rule: 1,
    file: 'src/engines/audio/a.ts',
    wrong: `import fs from 'fs'`,
    right: `import p from '@echogarden/pffft-wasm/simd'`,
  },
  {
    rule: 1,
    file: 'src/engines/audio/a.ts',
    wrong: `import { AppError } from '#kernel/errors.ts'`,
    right: `import { key } from '#engines/composer/index.ts'`,
  },
  {
    rule: 1,
    file: 'src/engines/audio/a.ts',
    wrong: `export * from '#engines/composer/theory.ts'`,
    right: `export * from '#engines/audio/key.ts'`,
  },
  {
    rule: 2,
    file: 'src/modules/analysis/run.ts',
    wrong: `import { fft } from '#engines/audio/fft.ts'`,
    right: `import { analyse } from '#engines/audio/index.ts'`,
  },
  {
    rule: 3,
    file: 'src/modules/playlists/service.ts',
    wrong: `import {\n  insert,\n} from '#modules/catalog/store.ts'`,
    right: `import { songs } from '#modules/catalog/schema.ts'`,
  },
  {
    rule: 3,
    file: 'src/modules/playlists/service.ts',
    wrong: `import type { Row } from '#modules/catalog/store.ts'`,
    right: `import * as own from '#modules/playlists/store.ts'`,
  },
  {
    rule: 3,
    file: 'src/modules/playlists/index.ts',
    wrong: `import catalog from '#modules/catalog/index.ts'`,
    right: `import { songAdded } from '#modules/catalog/events.ts'`,
  },
  {
    rule: 3,
    file: 'src/modules/playlists/a.test.ts',
    wrong: `import '#modules/catalog/service.ts'`,
    right: `import catalog from '#modules/catalog/index.ts'`,
  },
  {
    rule: 4,
    file: 'src/targets.ts',
    wrong: `const a = () => import('#modules/catalog/service.ts')`,
    right: `const a = () => import('#modules/catalog/index.ts')`,
  },
  {
    rule: 4,
    file: 'test/story.test.ts',
    wrong: `import { insert } from '#modules/catalog/store.ts'`,
    right: `import { songs } from '#modules/catalog/schema.ts'`,
  },
  {
    rule: 5,
    file: 'src/client/client.ts',
    wrong: `import { songs } from '#modules/catalog/schema.ts'`,
    right: `import type { songs } from '#modules/catalog/schema.ts'`,
  },
  {
    rule: 5,
    file: 'src/client/client.ts',
    wrong: `export type { Row } from '#modules/catalog/store.ts'`,
    right: `export type {\n  Song,\n} from '#modules/catalog/schema.ts'`,
  },
  {
    rule: 5,
    file: 'src/client/frames.ts',
    wrong: `export { analyse } from '#engines/audio/index.ts'`,
    right: `export { readFrame } from '#engines/audio/frames.ts'`,
  },
  {
    rule: 6,
    file: 'web/src/lib/api.ts',
    wrong: `import { readFile } from 'node:fs'`,
    right: `import { api } from '#lib/api.ts'`,
  },
  {
    rule: 6,
    file: 'web/src/lib/api.ts',
    wrong: `import type { Song } from '#modules/catalog/schema.ts'`,
    right: `import type { Song } from '#client/index.ts'`,
  },
  {
    rule: 6,
    file: 'web/src/App.svelte',
    wrong: `<script lang="ts">\nimport { x } from '../../src/kernel/errors.ts'\n</script>`,
    right: `<script lang="ts">\nimport { x } from '../../src/client/index.ts'\n</script>`,
  },
  {
    rule: 7,
    file: 'src/modules/playlists/service.ts',
    wrong: `import { x } from '../catalog/schema.ts'`,
    right: `import { x } from './store.ts'`,
  },
  {
    rule: 7,
    file: 'src/kernel/db/index.ts',
    wrong: `import { x } from '../../modules/catalog/schema.ts'`,
    right: `import { x } from '../log.ts'`,
  },
  {
    rule: 8,
    file: 'src/modules/playlists/store.ts',
    wrong: 'sql`select * from catalog.song`',
    right: 'sql`select * from playlists.item join kernel.outbox using (id)`',
  },
  {
    rule: 8,
    file: 'src/modules/playlists/store.ts',
    wrong: `db.selectFrom('catalog.song as s')`,
    right: `db.selectFrom('playlists.item as i')`,
  },
  {
    rule: 8,
    file: 'src/modules/playlists/migrations/001.sql',
    wrong: 'create table playlists.item (song uuid REFERENCES catalog.song (id));',
    right: '-- from catalog.song comes only the id\ncreate table playlists.item (song uuid);',
  },
  {
    rule: 8,
    file: 'src/kernel/jobs/store.ts',
    wrong: 'sql`delete from catalog.song`',
    right: 'sql`delete from kernel.outbox`',
  },
]

/** Other modules must exist for the rules that ask "whose is this?". */
const others: Source[] = ['catalog', 'playlists'].map((name) => ({ file: `src/modules/${name}/schema.ts`, text: '' }))

const indexOf = (name: string, other: string): Source => ({
  file: `src/modules/${name}/index.ts`,
  text: `import { x, ${other}Api } from '#modules/${other}/schema.ts'\nexport default defineModule({ name: '${name}', needs: { ${other}: ${other}Api }, create })`,
})

describe('the rules find what is wrong', () => {
  for (const { rule: index, file, wrong, right } of seeded) {
    const rule = rules[index]
    assert.ok(rule)
    it(`${rule.name}: ${wrong.replaceAll('\n', ' ')}`, () => {
      assert.deepEqual(
        judge(rule, [...others, { file, text: wrong }]).violations.map((violation) => violation.file),
        [file],
      )
      assert.deepEqual(judge(rule, [...others, { file, text: right }]).violations, [])
    })
  }

  it('every rule has a seeded violation', () => {
    assert.deepEqual([...new Set(seeded.map(({ rule }) => rule))], [...rules.keys()])
  })

  it('a circle of needs', () => {
    const circle = [indexOf('a', 'b'), indexOf('b', 'c'), indexOf('c', 'a')]
    assert.deepEqual(findCircle(needsOf(circle)), ['a', 'b', 'c', 'a'])
    assert.equal(findCircle(needsOf(circle.slice(0, 2))), null)
    const short = `import { catalog } from '#modules/catalog/schema.ts'\nexport default defineModule({ needs: { catalog } })`
    assert.deepEqual(needsOf([{ file: 'src/modules/d/index.ts', text: short }]), new Map([['d', ['catalog']]]))
  })
})

describe('what the rules read', () => {
  it('finds every form of import, and none in comments', () => {
    const text = `import a from 'a'
      import type { B } from 'b' // import 'no'
      export {
        c,
      } from 'c'
      /* import 'no' */
      import 'd'
      const e = await import('e')
      export type { F } from 'f'
      export const g = 'no'`
    assert.deepEqual(
      importsOf(text).map(({ specifier, isTypeOnly }) => `${specifier}${isTypeOnly ? ' (type)' : ''}`),
      ['a', 'b (type)', 'c', 'd', 'e', 'f (type)'],
    )
  })

  it('knows rooms and paths', () => {
    assert.equal(roomOf('src/modules/catalog/scan/walk.ts'), 'src/modules/catalog')
    assert.equal(roomOf('src/kernel/db/index.ts'), 'src/kernel')
    assert.equal(resolve('src/kernel/db/index.ts', '../log.ts'), 'src/kernel/log.ts')
    assert.equal(resolve('src/main.ts', '../../x.ts'), '../x.ts')
  })
})

it('the table of modules has every module of src/modules', {
  skip: existsSync(join(root, 'src/targets.ts')) ? false : 'there is no src/targets.ts yet',
}, () => {
  const table = readFileSync(join(root, 'src/targets.ts'), 'utf8')
  const names = [...needsOf(sources).keys()]
  assert.ok(names.length > 0)
  assert.deepEqual(
    names.filter((name) => !table.includes(`#modules/${name}/index.ts`)),
    [],
  )
})
