/** A music folder full of what a server meets in the wild, and worse. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import {
  id3Picture,
  invalidUtf8Path,
  makeFile,
  pngBomb,
  taggedMp3,
  wavTone,
  writeLibrary,
  writeLinkLoop,
  writeSparse,
} from '#test/fixtures/audio.ts'

export const MANY = 2000
const SPARSE_BYTES = 10 * 1024 ** 3
/** Deep, and deeper than any scan goes. */
const DEEP = 60
const TOO_DEEP = 90

/** What must come of the folder: songs by title, and faults by the end of their path. */
export type Hostile = {
  readonly good: readonly string[]
  readonly bad: Readonly<Record<string, readonly string[]>>
  readonly bombs: readonly string[]
  close(): void
}

const song = (title: string, seed: number) => taggedMp3({ TIT2: title }, { sec: 2, seed })

/** Text frames whose bytes are not what their encoding says; `title` is what a reader should make of it, if anything. */
const ODD_TAGS: readonly (readonly [name: string, frame: Buffer])[] = [
  ['cyrillic as latin1', Buffer.concat([Buffer.from([0]), Buffer.from('cff0e8e2e5f2', 'hex')])],
  ['utf16 without a mark', Buffer.concat([Buffer.from([1]), Buffer.from('Tone', 'utf16le')])],
  ['utf16 of an odd length', Buffer.concat([Buffer.from([1]), Buffer.from('fffe540061', 'hex')])],
  ['half a surrogate', Buffer.concat([Buffer.from([1]), Buffer.from('fffe00d84100', 'hex')])],
  ['invalid utf8', Buffer.concat([Buffer.from([3]), Buffer.from('c328fffe41', 'hex')])],
  ['zero bytes', Buffer.concat([Buffer.from([3]), Buffer.from('A\0\0\0B\0')])],
  ['an unknown encoding', Buffer.concat([Buffer.from([9]), Buffer.from('Tone')])],
]

function writeGood(root: string): string[] {
  const put = (name: string, bytes: Uint8Array) => writeFileSync(join(root, name), bytes)
  put('plain.mp3', song('plain', 101))
  put('wav.wav', wavTone({ sec: 2 }))
  const flac = makeFile(root, 'flac', { sec: 2, tags: { title: 'flac' } })
  makeFile(root, 'opus', { sec: 2, tags: { title: 'opus' } })
  makeFile(root, 'm4a', { sec: 2, tags: { title: 'm4a' } })
  const lying = makeFile(root, 'ogg', { sec: 2, hz: 330, tags: { title: 'ogg that says it is mp3' }, name: 'o.ogg' })
  execFileSync('mv', [lying, join(root, 'wrong.mp3')])
  put('half.wav', wavTone({ sec: 4, hz: 550 }).subarray(0, 200_000))
  put('half.flac', readFileSync(flac).subarray(0, 60_000))
  for (const [i, [name, frame]] of ODD_TAGS.entries())
    put(`${name}.mp3`, taggedMp3({ TIT2: frame, TPE1: frame }, { sec: 2, seed: 200 + i }))
  put('new\nline.mp3', song('new line', 102))
  writeFileSync(invalidUtf8Path(root), song('invalid name', 103))
  put(`${'n'.repeat(251)}.mp3`, song('long name', 104))
  mkdirSync(join(root, 'folder.mp3'))
  put('folder.mp3/inside.mp3', song('in a folder named as a file', 105))
  symlinkSync('..', join(root, 'folder.mp3', 'up'))
  symlinkSync(root, join(root, 'itself'))
  const deep = join(root, ...Array.from({ length: DEEP }, () => 'd'))
  mkdirSync(deep, { recursive: true })
  writeFileSync(join(deep, 'deep.mp3'), song('deep', 106))
  const byFormat = ['plain', 'wav', 'flac', 'opus', 'm4a', 'ogg that says it is mp3']
  return [...byFormat, 'new line', 'invalid name', 'long name', 'in a folder named as a file', 'deep']
}

function writeBombs(root: string): string[] {
  const bomb = pngBomb()
  writeFileSync(
    join(root, 'bomb.mp3'),
    taggedMp3({ TIT2: 'bomb inside', APIC: id3Picture('image/png', bomb) }, { sec: 2, seed: 301 }),
  )
  mkdirSync(join(root, 'bombed'))
  writeFileSync(join(root, 'bombed', 'cover.png'), bomb)
  writeFileSync(join(root, 'bombed', 'song.mp3'), song('bomb beside', 302))
  return ['bomb inside', 'bomb beside']
}

async function writeBad(root: string): Promise<{ bad: Record<string, string[]>; socket: Server | undefined }> {
  const put = (name: string, bytes: Uint8Array | string) => writeFileSync(join(root, name), bytes)
  put('text.mp3', 'This is a shopping list: milk, bread, and a little butter. '.repeat(200))
  put('noise.ogg', randomBytes(50_000))
  copyFileSync('/bin/sh', join(root, 'program.m4a'))
  put('zero.flac', '')
  put('zero.mp3', '')
  await writeSparse(join(root, 'sparse.wav'), SPARSE_BYTES, wavTone({ sec: 1 }))
  put('cut.flac', readFileSync(join(root, 'tone.flac')).subarray(0, 60))
  put('cut.m4a', readFileSync(join(root, 'tone.m4a')).subarray(0, 2000))
  const bad: Record<string, string[]> = {
    'text.mp3': ['not_audio'],
    'noise.ogg': ['not_audio'],
    'program.m4a': ['not_audio'],
    'zero.flac': ['empty'],
    'zero.mp3': ['empty'],
    'sparse.wav': ['too_large'],
    'cut.flac': ['truncated', 'unreadable'],
    'cut.m4a': ['truncated', 'unreadable'],
  }
  await writeLinkLoop(root)
  execFileSync('mkfifo', [join(root, 'pipe.mp3')])
  const socket = createServer()
  await new Promise<void>((resolve) => socket.listen(join(root, 'socket.flac'), resolve))
  for (const name of ['loop.mp3', 'pipe.mp3', 'socket.flac']) bad[name] = ['not_a_file']
  if (process.getuid?.() === 0) {
    execFileSync('mknod', [join(root, 'zeros.flac'), 'c', '1', '5'])
    bad['zeros.flac'] = ['not_a_file']
  } else {
    put('secret.mp3', song('secret', 401))
    chmodSync(join(root, 'secret.mp3'), 0)
    bad['secret.mp3'] = ['unreadable']
  }
  return { bad, socket }
}

export async function writeHostile(root: string): Promise<Hostile> {
  const good = writeGood(root)
  const bombs = writeBombs(root)
  const { bad, socket } = await writeBad(root)
  const tooDeep = join(root, ...Array.from({ length: TOO_DEEP }, () => 'd'))
  mkdirSync(tooDeep, { recursive: true })
  writeFileSync(join(tooDeep, 'unseen.mp3'), song('too deep', 107))
  mkdirSync(join(root, 'many'))
  await writeLibrary(join(root, 'many'), MANY)
  return { good, bad, bombs, close: () => socket?.close() }
}
