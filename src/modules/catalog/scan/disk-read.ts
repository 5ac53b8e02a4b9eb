/**
 * What is asked of disks, with calls that wait: run in threads of their own (see `disk.ts`), so that a disk that does
 * not answer holds up nothing else. Paths are keys (one character a byte, see `names.ts`): they travel cheaply.
 */
import { closeSync, constants, type Dirent, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { realpathSync, statfsSync, statSync } from 'node:fs'
import { bytesOf, type FileKind, imageRank, isHidden, joinBytes, keyOf, kindOf } from './names.ts'
import { pack } from './pack.ts'
import { IGNORE_FILE_MAX_BYTES, IGNORE_FILES, matcherOf, RULES_MAX, type Rules, rulesIn, textOfBytes } from './rules.ts'
import { type FoundFile, type Listing, signatureOf } from './sidecars.ts'

/** Entries of one folder that are looked at. */
const ENTRIES_MAX = 200_000
const SLASH = Buffer.from('/')
const READ_AT_ONCE_BYTES = 256 * 1024
const BAD_RULES = 'its ignore file is too large'

/** `inherit`: whatever the ignore files on the way down from the music folder say beside the rules of that folder. */
export type Place = { dir: string; rules: Rules; inherit?: true }
/** The picture of an artist in a folder; the name as a key. */
export type Portrait = { name: string; sizeBytes: number; mtimeUs: number }
export type ReadFolder = {
  /** Device and inode. */
  identity: string
  signature: string
  audioFiles: number
  packed: Uint8Array
  portrait?: Portrait
  folders: string[]
  links: string[]
  /** For everything below. */
  rules: Rules
}
/** `ignored`: a rule leaves it out. `unread`: why it could not be read. */
export type PlaceAnswer = ReadFolder | { ignored: true } | { unread: string }

export type Request =
  | { kind: 'read'; root: string; places: Place[] }
  /** Device and inode of a folder and the type of its file system; undefined when it cannot be reached. */
  | { kind: 'look'; path: string }
  /** Whether nothing but hidden names is in a folder, or it cannot be read. */
  | { kind: 'empty'; path: string }
  /** Which of these lead nowhere by now. */
  | { kind: 'gone'; paths: string[] }
  /** The path behind its links. */
  | { kind: 'real'; path: string }
  /** A whole file; undefined when it is larger or cannot be read. */
  | { kind: 'bytes'; path: string; sizeMaxBytes: number }
export type Look = { identity: string; fsType: number }
export type Answers = {
  read: PlaceAnswer[]
  look: Look | undefined
  empty: boolean
  gone: string[]
  real: string | undefined
  bytes: Uint8Array | undefined
}

/** Called between any two calls that may wait: tells that work goes on, and throws when nobody wants it any more. */
export type Beat = () => void

const codeOf = (thrown: unknown): string => (thrown as NodeJS.ErrnoException).code ?? 'EIO'
const GONE = new Set(['ENOENT', 'ENOTDIR'])

/** The time fits a bigint of microseconds and a number, whatever a broken disk says. */
const found = (name: Buffer, s: { isFile(): boolean; size: number; mtimeMs: number }): FoundFile => ({
  name,
  sizeBytes: s.isFile() ? s.size : 0,
  mtimeUs: Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Math.floor(s.mtimeMs * 1000), Number.MAX_SAFE_INTEGER)),
})

/**
 * Undefined for what is gone by now, a folder or a dangling link. Pipes, devices and links in a circle that are named as
 * audio stay in the list: they are told as faults, and never opened.
 */
function statWanted(folder: Buffer, { name, kind }: Named): Named<FoundFile> | undefined {
  const isAudio = kind === 'audio'
  try {
    const s = statSync(Buffer.concat([folder, name]), { throwIfNoEntry: false })
    if (!s || s.isDirectory() || !(isAudio || s.isFile())) return undefined
    return { kind, ...found(name, s) }
  } catch (thrown) {
    return isAudio && codeOf(thrown) === 'ELOOP' ? { kind, name, sizeBytes: 0, mtimeUs: 0 } : undefined
  }
}

const isFolder = (path: Buffer): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  } catch {
    return false
  }
}
type Named<T = unknown> = { name: Buffer; kind: FileKind } & T
const named = (e: Dirent<Buffer>): Named[] => {
  const kind = e.isDirectory() ? undefined : kindOf(e.name)
  return kind === undefined ? [] : [{ name: e.name, kind }]
}
const byName = (a: Dirent<Buffer>, b: Dirent<Buffer>): number => Buffer.compare(a.name, b.name)

/** The text of an ignore file; undefined without one. Throws when it is there and cannot be read. */
function ignoreText(path: Buffer): string | undefined {
  let fd: number
  try {
    // Never waits for whoever may write into a pipe of this name.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (thrown) {
    if (GONE.has(codeOf(thrown))) return undefined
    throw thrown
  }
  try {
    const s = fstatSync(fd)
    if (!s.isFile()) return undefined
    if (s.size > IGNORE_FILE_MAX_BYTES) throw Object.assign(new Error(BAD_RULES), { code: BAD_RULES })
    const bytes = Buffer.alloc(IGNORE_FILE_MAX_BYTES)
    return textOfBytes(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)))
  } finally {
    closeSync(fd)
  }
}

/** Rules below a folder: those above it and those of its own ignore files. `all`: one of those is empty. */
function rulesBelow(path: Buffer, dir: string, above: Rules, names: readonly string[]): Rules | 'all' {
  const own: string[] = []
  for (const name of names) {
    const text = ignoreText(joinBytes(path, Buffer.from(name)))
    if (text === undefined) continue
    const rules = rulesIn(text, textOfBytes(bytesOf(dir)))
    if (rules.length === 0) return 'all'
    own.push(...rules)
  }
  return own.length === 0 ? above : [...above, ...own].slice(-RULES_MAX)
}

/** The rules that hold in a folder, from the music folder down; undefined when they leave the folder itself out. */
function rulesDownTo(root: Buffer, { dir, rules }: Place): Rules | undefined {
  if (dir === '') return rules
  const parts = dir.split('/')
  let [above, path, at] = [rules, root, '']
  for (const part of parts) {
    const below = rulesBelow(path, at, above, IGNORE_FILES)
    const name = bytesOf(part)
    at = at === '' ? part : `${at}/${part}`
    if (below === 'all' || isHidden(name)) return undefined
    if (matcherOf(below)?.(textOfBytes(bytesOf(at)), 'folder')) return undefined
    above = below
    path = joinBytes(path, name)
  }
  return above
}

const NOTHING = { audio: [], lyrics: [], image: undefined }

function readFolder(root: Buffer, { dir, rules }: Place, beat: Beat): ReadFolder {
  const path = joinBytes(root, bytesOf(dir))
  const { dev, ino } = statSync(path, { bigint: true })
  const identity = `${dev}:${ino}`
  const all = readdirSync(path, { encoding: 'buffer', withFileTypes: true })
  const names = IGNORE_FILES.filter((name) => all.some((e) => e.name.equals(Buffer.from(name))))
  const below = rulesBelow(path, dir, rules, names)
  if (below === 'all') return { identity, ...told(NOTHING), folders: [], links: [], rules }
  const isIgnored = matcherOf(below)
  const passes = (name: Buffer, kind: 'file' | 'folder'): boolean =>
    !isIgnored?.(textOfBytes(joinBytes(bytesOf(dir), name)), kind)
  const entries = all.slice(0, ENTRIES_MAX).filter((e) => !isHidden(e.name))
  entries.sort(byName)
  const inside = Buffer.concat([path, SLASH])
  const stats = entries.flatMap(named).flatMap((file) => {
    if (!passes(file.name, 'file')) return []
    beat()
    return statWanted(inside, file) ?? []
  })
  const keysOf = (some: Dirent<Buffer>[]): string[] =>
    some.filter((e) => passes(e.name, 'folder')).map((e) => keyOf(e.name))
  // A link may lead to a folder or a file; only `stat` can tell.
  const links = entries.filter((e) => e.isSymbolicLink() && isFolder(joinBytes(path, e.name)))
  return {
    identity,
    ...told(listingOf(stats)),
    ...portraitOf(stats),
    folders: keysOf(entries.filter((e) => e.isDirectory())),
    links: keysOf(links),
    rules: below,
  }
}

function listingOf(stats: readonly Named<FoundFile>[]): Omit<Listing, 'dir'> {
  const images = stats.filter((f) => f.kind === 'image')
  images.sort((a, b) => (imageRank(a.name) ?? 0) - (imageRank(b.name) ?? 0))
  return {
    audio: stats.filter((f) => f.kind === 'audio'),
    lyrics: stats.filter((f) => f.kind === 'lyrics'),
    image: images[0],
  }
}
/** Names come in order, so it is the same one every time. */
function portraitOf(stats: readonly Named<FoundFile>[]): { portrait?: Portrait } {
  const found = stats.find((f) => f.kind === 'portrait')
  return found ? { portrait: { name: keyOf(found.name), sizeBytes: found.sizeBytes, mtimeUs: found.mtimeUs } } : {}
}
const told = (l: Omit<Listing, 'dir'>): Pick<ReadFolder, 'signature' | 'audioFiles' | 'packed'> => ({
  signature: signatureOf(l),
  audioFiles: l.audio.length,
  packed: pack(l),
})

function readPlace(root: Buffer, place: Place, beat: Beat): PlaceAnswer {
  beat()
  try {
    const rules = place.inherit ? rulesDownTo(root, place) : place.rules
    return rules === undefined ? { ignored: true } : readFolder(root, { dir: place.dir, rules }, beat)
  } catch (thrown) {
    if ((thrown as Error).name === 'AbortError') throw thrown
    return { unread: codeOf(thrown) }
  }
}

function look(path: Buffer): Look | undefined {
  try {
    const s = statSync(path, { bigint: true })
    if (!s.isDirectory()) return undefined
    return { identity: `${s.dev}:${s.ino}`, fsType: statfsSync(path).type }
  } catch {
    return undefined
  }
}
function isEmpty(path: Buffer): boolean {
  try {
    return readdirSync(path, { encoding: 'buffer' }).every((name) => isHidden(name))
  } catch {
    return true
  }
}

function isGone(path: Buffer): boolean {
  try {
    lstatSync(path)
    return false
  } catch (thrown) {
    return GONE.has(codeOf(thrown))
  }
}

function real(path: Buffer): string | undefined {
  try {
    return keyOf(realpathSync(path, { encoding: 'buffer' }))
  } catch {
    return undefined
  }
}

function wholeFile(path: Buffer, sizeMaxBytes: number, beat: Beat): Uint8Array | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const { size } = fstatSync(fd)
    if (size > sizeMaxBytes) return undefined
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; ) {
      beat()
      const read = readSync(fd, bytes, at, Math.min(READ_AT_ONCE_BYTES, size - at), at)
      if (read === 0) return undefined
      at += read
    }
    return bytes
  } catch (thrown) {
    if ((thrown as Error).name === 'AbortError') throw thrown
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

type Handlers = { [K in Request['kind']]: (r: Extract<Request, { kind: K }>, beat: Beat) => Answers[K] }
const handlers: Handlers = {
  read: (r, beat) => r.places.map((place) => readPlace(bytesOf(r.root), place, beat)),
  look: (r) => look(bytesOf(r.path)),
  empty: (r) => isEmpty(bytesOf(r.path)),
  gone: (r, beat) =>
    r.paths.filter((path) => {
      beat()
      return isGone(bytesOf(path))
    }),
  real: (r) => real(bytesOf(r.path)),
  bytes: (r, beat) => wholeFile(bytesOf(r.path), r.sizeMaxBytes, beat),
}
export const answer = <K extends Request['kind']>(request: Extract<Request, { kind: K }>, beat: Beat): Answers[K] =>
  handlers[request.kind](request, beat)
