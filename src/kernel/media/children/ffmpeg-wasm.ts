/**
 * A program that behaves like `ffmpeg` and runs the WebAssembly build. It is started as its own process: arguments as
 * FFmpeg's, the input file as descriptor 3, the output on stdout, messages on stderr. Nothing imports this file.
 * With `--prepared` alone it makes ready and waits for one line on stdin (`PreparedJob`) that tells arguments and file.
 *
 * Memory is bounded: the input is read and the output written in place, never copied into the emulated file system,
 * and the heap may not grow past `WASM_HEAP_MAX_BYTES`.
 */
import { constants, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { WASM_HEAP_MAX_BYTES } from '#kernel/media/bounds.ts'
import { PREPARED_FLAG, type PreparedJob } from '#kernel/media/prepared-job.ts'
import { dieWithParent } from './die-with-parent.ts'

type FsNode = { node_ops: object; stream_ops: object; usedBytes: number; mode: number }
type FsStream = { position: number; node: FsNode }
type EmscriptenFs = {
  streams: { stream_ops: object }[]
  createNode(parent: FsNode | null, name: string, mode: number, dev: number): FsNode
  mkdir(path: string): void
  mount(type: object, options: object, path: string): void
  ErrnoError: new (errno: number) => Error
}
type Core = {
  FS: EmscriptenFs
  asm: Record<string, unknown>
  setLogger(logger: (line: { type: string; message: string }) => void): void
  exec(...args: string[]): number
}
// Node has it; its type library comes only with the browser's.
declare const WebAssembly: {
  Memory: new (o: { initial: number }) => { buffer: ArrayBuffer; grow(pages: number): number }
}
type Read = (stream: FsStream, buffer: Uint8Array, offset: number, length: number, position: number) => number

const INPUT_FD = 3
const DIR_MODE = 0o40555
const FILE_MODE = 0o100444
const ENOENT = 44

/** A file system with the one file `3`, read straight from a descriptor. */
function descriptorFs(fs: EmscriptenFs, fd: number): object {
  const sizeBytes = fstatSync(fd).size
  const at = new Date(0)
  const fixed = { dev: 1, ino: 1, nlink: 1, uid: 0, gid: 0, rdev: 0, blksize: 4096, atime: at, mtime: at, ctime: at }
  const attributes = ({ mode }: FsNode) => ({ ...fixed, mode, size: sizeBytes, blocks: Math.ceil(sizeBytes / 4096) })
  const read: Read = (_stream, buffer, offset, length, position) => readSync(fd, buffer, offset, length, position)
  const llseek = (stream: FsStream, offset: number, whence: number) =>
    offset + (whence === 1 ? stream.position : whence === 2 ? sizeBytes : 0)
  return {
    mount() {
      const root = fs.createNode(null, '/', DIR_MODE, 0)
      const file = fs.createNode(root, String(INPUT_FD), FILE_MODE, 0)
      file.node_ops = { getattr: attributes }
      file.stream_ops = { read, llseek }
      const lookup = (_parent: FsNode, name: string) => {
        if (name === String(INPUT_FD)) return file
        throw new fs.ErrnoError(ENOENT)
      }
      root.node_ops = { getattr: attributes, lookup }
      root.stream_ops = {}
      return root
    },
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Writes everything; where the pipe is full it waits for the reader, which is the back-pressure. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'EAGAIN') throw thrown
      Atomics.wait(sleeper, 0, 0, 1)
    }
  }
}

/** The server is gone when nobody reads stdout any more: nothing is left to do. */
function writeOut(_stream: FsStream, heap: Uint8Array, offset: number, length: number): number {
  try {
    writeAll(1, heap.subarray(offset, offset + length))
  } catch {
    process.exit(1)
  }
  return length
}

function boundHeap(asm: Record<string, unknown>): void {
  const memory = Object.values(asm).find((value) => value instanceof WebAssembly.Memory)
  if (!memory) throw new Error('The WebAssembly FFmpeg exports no memory.')
  const grow = memory.grow.bind(memory)
  memory.grow = (pages: number) => {
    if (memory.buffer.byteLength + pages * 65_536 > WASM_HEAP_MAX_BYTES) throw new RangeError('heap limit')
    return grow(pages)
  }
}

async function loadCore(): Promise<Core> {
  // The build expects a browser worker; this is all it asks of one.
  Object.assign(globalThis, { self: { location: { href: 'file:///' } } })
  const url = import.meta.resolve('@ffmpeg/core')
  const wasmBinary = readFileSync(fileURLToPath(import.meta.resolve('@ffmpeg/core/wasm')))
  const { default: create } = (await import(url)) as { default: (o: object) => Promise<Core> }
  return create({ wasmBinary })
}

/** What to do: at once, or when it is told on stdin, whose end without a word is the end. */
async function jobOf(args: string[]): Promise<{ args: string[]; fd: number }> {
  if (args[0] !== PREPARED_FLAG) return { args, fd: INPUT_FD }
  const line = await text(process.stdin)
  if (line === '') process.exit(0)
  const job = JSON.parse(line) as PreparedJob
  const fd = openSync(Buffer.from(job.pathHex, 'hex'), constants.O_RDONLY | constants.O_NONBLOCK)
  if (!fstatSync(fd).isFile()) throw new Error('not a regular file')
  return { args: job.args, fd }
}

dieWithParent()
const core = await loadCore()
boundHeap(core.asm)
core.setLogger(({ message }) => {
  if (message !== 'Aborted()') writeAll(2, Buffer.from(`${message}\n`))
})
const { args, fd } = await jobOf(process.argv.slice(2))
core.FS.mkdir('/dev/fd')
core.FS.mount(descriptorFs(core.FS, fd), {}, '/dev/fd')
const stdout = core.FS.streams[1]
if (stdout) stdout.stream_ops = { ...stdout.stream_ops, write: writeOut }
let code = 1
try {
  code = core.exec(...args)
} catch (thrown) {
  writeAll(2, Buffer.from(`${thrown instanceof RangeError ? 'Cannot allocate memory' : String(thrown)}\n`))
}
process.exit(code === 0 ? 0 : 1)
