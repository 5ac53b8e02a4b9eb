/** One file as the rules see it: its path from the top of the checkout, with `/`, and its text. */
export type Source = { file: string; text: string }
export type Violation = { file: string; fault: string }

/** One rule of dependency: which files it looks at, and what is wrong with one of them. */
export type Rule = {
  name: string
  appliesTo: (file: string) => boolean
  faultsOf: (source: Source, imports: Import[], moduleNames: string[]) => string[]
}

export type Import = { specifier: string; isTypeOnly: boolean }

/** Libraries that engines may use: pure computation, no Node API behind them. */
const ENGINE_LIBRARIES = /^(@echogarden\/pffft-wasm|spessasynth_core)(\/|$)/

/** Wire formats that server and client read with the same code: values the client may take without the whole engine. */
const WIRE_FORMATS = ['#engines/audio/frames.ts']

/** Tests, and what only tests use: `testing.ts`, `testing-something.ts`. */
const isTest = (file: string) => /\.test\.ts$|^test\/|\/testing[^/]*\.ts$/.test(file)
const isCode = (file: string) => /\.(ts|js|mjs|svelte)$/.test(file)
const isIn = (room: string) => (file: string) => file.startsWith(`${room}/`) && isCode(file)
const isCodeIn = (room: string) => (file: string) => isIn(room)(file) && !isTest(file)

/** The room a file lives in: what is inside may change together, what is outside is reached by a public name. */
export function roomOf(file: string): string {
  return /^src\/(?:engines|modules)\/[^/]+|^src\/(?:kernel|client)|^[^/]+/.exec(file)?.[0] ?? file
}

const moduleOf = (path: string) => /^(?:src\/|#)modules\/([^/]+)\//.exec(path)?.[1]
const engineOf = (path: string) => /^(?:src\/|#)engines\/([^/]+)\//.exec(path)?.[1]
const isPublicFace = (specifier: string) => /^#modules\/[^/]+\/(schema|events)\.ts$/.test(specifier)
const isWholeModule = (specifier: string) => /^#modules\/[^/]+\/index\.ts$/.test(specifier)
const isEngineIndex = (specifier: string) => /^#engines\/[^/]+\/index\.ts$/.test(specifier)

const isOpenEngineFile = (file: string, specifier: string) =>
  isEngineIndex(specifier) || (file.startsWith('src/client/') && WIRE_FORMATS.includes(specifier))

/** The rules of dependency, in the order of the design. SQL is judged by the same table. */
export const rules: Rule[] = [
  {
    name: 'the kernel and the engines know no module',
    appliesTo: (file) => isIn('src/kernel')(file) || isIn('src/engines')(file),
    faultsOf: (_source, imports) =>
      faults(imports, ({ specifier }) => specifier.startsWith('#modules/'), 'is a module'),
  },
  {
    name: 'engines import only the index of other engines and libraries that compute',
    appliesTo: isCodeIn('src/engines'),
    faultsOf: ({ file }, imports) =>
      faults(imports, ({ specifier }) => !isForEngine(file, specifier), 'is not for engines'),
  },
  {
    name: 'outside the engines, an engine is reached by its index',
    appliesTo: (file) => isIn('src')(file) && !isIn('src/engines')(file),
    faultsOf: ({ file }, imports) =>
      faults(
        imports,
        ({ specifier }) => specifier.startsWith('#engines/') && !isOpenEngineFile(file, specifier),
        'is private to its engine',
      ),
  },
  {
    name: 'modules meet only at schema.ts and events.ts',
    appliesTo: isIn('src/modules'),
    faultsOf: ({ file }, imports) =>
      faults(imports, ({ specifier }) => !isForModule(file, specifier), 'is private to its module'),
  },
  {
    name: 'the house reaches modules by their index and their public faces',
    appliesTo: (file) => /^src\/[^/]+\.ts$|^test\//.test(file),
    faultsOf: (_source, imports) =>
      faults(
        imports,
        ({ specifier }) => moduleOf(specifier) !== undefined && !isPublicFace(specifier) && !isWholeModule(specifier),
        'is private to its module',
      ),
  },
  {
    name: 'the client takes only types, and from modules only those of schema.ts and events.ts',
    appliesTo: isCodeIn('src/client'),
    faultsOf: (_source, imports) => faults(imports, (each) => !isForClient(each), 'is not for the client'),
  },
  {
    name: 'the web app reaches the server by the client only',
    appliesTo: isIn('web/src'),
    faultsOf: ({ file }, imports) =>
      faults(imports, ({ specifier }) => !isForWeb(file, specifier), 'is not for the web app'),
  },
  {
    name: 'no path climbs out of its room',
    appliesTo: (file) => isIn('src')(file),
    faultsOf: ({ file }, imports) =>
      faults(
        imports,
        ({ specifier }) => specifier.startsWith('.') && roomOf(resolve(file, specifier)) !== roomOf(file),
        'climbs out of its room',
      ),
  },
  {
    name: 'SQL names only tables of its own schema, or of the kernel',
    appliesTo: (file) => /^src\/(modules\/[^/]+|kernel)\/.*\.(ts|sql)$/.test(file) && !isTest(file),
    faultsOf: ({ file, text }, _imports, moduleNames) =>
      foreignTables(
        text,
        moduleNames.filter((name) => name !== moduleOf(file)),
      ).map((table) => `${table} belongs to another module`),
  },
]

const faults = (imports: Import[], isWrong: (each: Import) => boolean, what: string) =>
  imports.filter(isWrong).map(({ specifier }) => `${specifier} ${what}`)

function isForEngine(file: string, specifier: string): boolean {
  if (specifier.startsWith('.')) return true
  if (specifier.startsWith('#')) return isEngineIndex(specifier) || engineOf(specifier) === engineOf(file)
  return ENGINE_LIBRARIES.test(specifier)
}

function isForModule(file: string, specifier: string): boolean {
  const other = moduleOf(specifier)
  if (other === undefined || other === moduleOf(file)) return true
  return isPublicFace(specifier) || (isTest(file) && (isWholeModule(specifier) || isTest(specifier)))
}

function isForClient({ specifier, isTypeOnly }: Import): boolean {
  if (!specifier.startsWith('#') || specifier.startsWith('#client/') || WIRE_FORMATS.includes(specifier)) return true
  return isTypeOnly && (isPublicFace(specifier) || specifier.startsWith('#kernel/'))
}

function isForWeb(file: string, specifier: string): boolean {
  if (/^#(kernel|engines|modules|test)\//.test(specifier)) return false
  if (!specifier.startsWith('.')) return isTest(file) || !specifier.startsWith('node:')
  return ['web', 'src/client'].includes(roomOf(resolve(file, specifier)))
}

/** `src/a/b.ts` and `../c.ts` make `src/c.ts`; what climbs above the top keeps its `..`. */
export function resolve(file: string, specifier: string): string {
  const parts = file.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

const withoutComments = (text: string) => text.replace(/\/\*[^]*?\*\/|(?<![:'"`\\])\/\/[^\n]*|^\s*--[^\n]*/gm, '')

/** Static and dynamic imports and re-exports of a TypeScript, JavaScript or Svelte file. */
export function importsOf(text: string): Import[] {
  const statements = /(?<![\w.#$])(?:import|export)\s*(type\s)?[\w\s{},*$]*?(?:from\s*)?\(?\s*['"]([^'"\n]+)['"]/g
  return [...withoutComments(text).matchAll(statements)].map(([, type, specifier]) => ({
    specifier: specifier ?? '',
    isTypeOnly: type !== undefined,
  }))
}

/** Tables in raw SQL (`from catalog.song`) and in query builders (`selectFrom('catalog.song as s')`). */
function foreignTables(text: string, others: string[]): string[] {
  if (others.length === 0) return []
  const table = `"?(?:${others.join('|')})"?\\."?\\w+`
  const raw = new RegExp(`\\b(?:from|join|into|update|table|references|using|on|only)\\s+(${table})`, 'gi')
  const built = new RegExp(`(?:From|Into|Table|Join|Using|\\btable|\\bref)\\(\\s*\\[?\\s*['"\`](${table})`, 'g')
  const clean = withoutComments(text)
  return [...clean.matchAll(raw), ...clean.matchAll(built)].map(([, name]) => name ?? '')
}

/** Which modules each module's `index.ts` says it needs, read from its `needs: { … }`. */
export function needsOf(sources: Source[]): Map<string, string[]> {
  const indexes = sources.filter(({ file }) => /^src\/modules\/[^/]+\/index\.ts$/.test(file))
  return new Map(indexes.map(({ file, text }) => [moduleOf(file) ?? '', neededBy(withoutComments(text))]))
}

function neededBy(text: string): string[] {
  const names = /\bneeds:\s*\{([^}]*)\}/.exec(text)?.[1]?.match(/[\w$]+(?=\s*(?:,|$|:|\n))/g) ?? []
  const owners = names.map((name) => {
    const from = new RegExp(`import\\s*\\{[^}]*\\b${name}\\b[^}]*\\}\\s*from\\s*'#modules/([^/]+)/`).exec(text)
    return from?.[1]
  })
  return [...new Set(owners.filter((owner) => owner !== undefined))]
}

/** The modules of one circle, first one repeated at the end; null when the needs are a DAG. */
export function findCircle(needs: Map<string, string[]>): string[] | null {
  const done = new Set<string>()
  const visit = (name: string, path: string[]): string[] | null => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (done.has(name)) return null
    const circle = (needs.get(name) ?? []).map((next) => visit(next, [...path, name])).find((found) => found !== null)
    done.add(name)
    return circle ?? null
  }
  return [...needs.keys()].map((name) => visit(name, [])).find((found) => found !== null) ?? null
}

/** What one rule saw and found; `seen` lets a test fail that looked at nothing. */
export function judge(rule: Rule, sources: Source[]): { seen: number; violations: Violation[] } {
  const moduleNames = [...new Set(sources.map(({ file }) => moduleOf(file)).filter((name) => name !== undefined))]
  const judged = sources.filter(({ file }) => rule.appliesTo(file))
  const violations = judged.flatMap((source) =>
    rule.faultsOf(source, importsOf(source.text), moduleNames).map((fault) => ({ file: source.file, fault })),
  )
  return { seen: judged.length, violations }
}
