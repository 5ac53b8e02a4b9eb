import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Fewer files than this run as they stand: somebody looks at just these. */
const FILES_ORDERED_MIN = 40
/** Where the whole program is loaded, that and warming up take a second of a core: files share a process there. */
const SHARING = /^src\/modules\/(catalog|identity)\//
const SHARED_FILES_MAX = 5
/** What concerns all of a process: hooks outside of suites, its environment, clock, memory, signals, children. */
const ALONE =
  /^(before|after|beforeEach|afterEach)\(|process\.(env\S* ?=[^=]|on\(|once\(|exit|kill|\w+Usage)|\bmock\b|\b(fork|spawn)\(|['"]node:worker_threads['"]/m
/** Browsers, and processes that are killed: these wait much, and many of them at once would wait for cores. */
const WAITING = /^test\/(web|chaos)\//

/** Lists of files, each of which one process runs. */
function sharedOut(root, files) {
  const shares = new Map()
  const alone = []
  for (const file of files) {
    const room = SHARING.exec(file)?.[0]
    if (room && !ALONE.test(readFileSync(join(root, file), 'utf8')))
      shares.set(room, [...(shares.get(room) ?? []), file])
    else alone.push([file])
  }
  return [...[...shares.values()].flatMap(inLists), ...alone]
}

function inLists(files) {
  const count = Math.ceil(files.length / SHARED_FILES_MAX)
  return Array.from({ length: count }, (_, i) => files.filter((_, at) => at % count === i))
}

const isWaiting = ([file]) => WAITING.test(file)

/** Those that wait are spread over the first part of those that compute, so that the last to end is a short one. */
const SPREAD_OVER = 0.7
export function spread(waiting, computing) {
  const step = (SPREAD_OVER * computing.length) / Math.max(1, waiting.length)
  const placed = [
    ...computing.map((list, i) => ({ list, at: i })),
    ...waiting.map((list, i) => ({ list, at: i * step })),
  ]
  return placed.toSorted((a, b) => a.at - b.at).map(({ list }) => list)
}

/**
 * The files of a whole run in the order in which they shall start. node:test sorts what it is given by name: each list of
 * files gets a file of its own that imports them, in `folder`, named by its place.
 */
export function ordered(root, files, folder) {
  if (files.length < FILES_ORDERED_MIN) return files
  const lists = sharedOut(root, files)
  const inOrder = spread(
    lists.filter(isWaiting),
    lists.filter((list) => !isWaiting(list)),
  )
  mkdirSync(join(root, folder), { recursive: true })
  return inOrder.map((list, i) => entry(root, folder, list, i))
}

/** Named by what it says, too: two runs at once write the same or do not meet. */
function entry(root, folder, list, place) {
  const text = `${list.map((file) => `await import('${pathToFileURL(join(root, file)).href}')`).join('\n')}\n`
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12)
  const path = join(folder, `${String(place).padStart(4, '0')}-${hash}.test.mjs`)
  writeFileSync(join(root, path), text)
  return path
}
