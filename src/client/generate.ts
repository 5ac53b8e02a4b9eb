/**
 * Writes `routes.ts`, the table from which the typed client is made, out of the contracts of all modules:
 * `node src/client/generate.ts`. With `--check` it writes nothing and fails when the file is out of date.
 */
import { glob, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Contract, Operation } from '#kernel/contract.ts'

const modulesDir = fileURLToPath(new URL('../modules/', import.meta.url))
const target = fileURLToPath(new URL('./routes.ts', import.meta.url))

type Found<T> = { readonly from: string; readonly exportName: string; readonly value: T }
type Push = { readonly kind: 'push'; readonly name: string }

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isContract = (value: unknown): value is Contract =>
  isObject(value) && typeof value['name'] === 'string' && isObject(value['operations'])
const isPush = (value: unknown): value is Push => isObject(value) && value['kind'] === 'push'

async function exportsOf<T>(pattern: string, wanted: (value: unknown) => value is T): Promise<Found<T>[]> {
  const files: string[] = []
  for await (const file of glob(pattern, { cwd: modulesDir })) files.push(file)
  const found = await Promise.all(
    files.sort().map(async (file) => {
      const all = (await import(new URL(`../modules/${file}`, import.meta.url).href)) as Record<string, unknown>
      return Object.entries(all).flatMap(([exportName, value]) =>
        wanted(value) ? [{ from: `#modules/${file}`, exportName, value }] : [],
      )
    }),
  )
  return found.flat()
}

/** As the formatter has it, so that formatting leaves the file as it is. */
const LINE_WIDTH = 120
const quote = (text: string) => `'${text.replaceAll("'", "\\'")}'`

function importLines(found: Found<unknown>[]): string[] {
  const files = [...new Set(found.map((f) => f.from))].sort()
  return files.map((file) => {
    const names = found.filter((f) => f.from === file).map((f) => f.exportName)
    const line = `import type { ${names.sort().join(', ')} } from ${quote(file)}`
    return line.length <= LINE_WIDTH
      ? line
      : `import type {\n${names.map((n) => `  ${n},\n`).join('')}} from ${quote(file)}`
  })
}

function routeLine(name: string, o: Exclude<Operation, { kind: 'internal' }>): string[] {
  const fields = [
    `kind: '${o.kind}'`,
    `method: '${o.method}'`,
    `path: ${quote(o.path)}`,
    ...(o.kind === 'public' && o.fieldsFrom ? [`fieldsFrom: '${o.fieldsFrom}'`] : []),
  ]
  const line = `    ${name}: { ${fields.join(', ')} },`
  return line.length <= LINE_WIDTH ? [line] : [`    ${name}: {`, ...fields.map((f) => `      ${f},`), '    },']
}

function routeLines(contract: Contract): string[] {
  const lines = Object.entries(contract.operations).flatMap(([name, o]) =>
    o.kind === 'internal' ? [] : routeLine(name, o),
  )
  return [`  ${contract.name}: {`, ...lines, '  },']
}

/** The text of `routes.ts` for the contracts and pushes that stand in the modules now. */
export async function generatedText(): Promise<string> {
  const contracts = (await exportsOf('*/schema.ts', isContract)).sort((a, b) =>
    a.value.name.localeCompare(b.value.name),
  )
  const pushes = (await exportsOf('*/events.ts', isPush)).sort((a, b) => a.value.name.localeCompare(b.value.name))
  return [
    '// Made by `node src/client/generate.ts` from the contracts of the modules: change those and run it again.',
    ...importLines([...contracts, ...pushes]),
    '',
    '/** Method and path of every operation that can be called from outside; `raw` ones answer bytes. */',
    'export const routes = {',
    ...contracts.flatMap((c) => routeLines(c.value)),
    '} as const',
    '',
    'export type Contracts = {',
    ...contracts.map((c) => `  ${c.value.name}: typeof ${c.exportName}`),
    '}',
    '',
    '/** What the server sends to sockets unasked. */',
    'export type PushDefs = {',
    ...pushes.map((p) => `  ${quote(p.value.name)}: typeof ${p.exportName}`),
    '}',
    '',
  ].join('\n')
}

/** True where the file on disk says what the contracts say. */
export async function isUpToDate(): Promise<boolean> {
  const present = await readFile(target, 'utf8').catch(() => '')
  return present === (await generatedText())
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) await writeFile(target, await generatedText())
  else if (!(await isUpToDate())) {
    process.stderr.write('src/client/routes.ts is out of date: run `node src/client/generate.ts`.\n')
    process.exitCode = 1
  }
}
