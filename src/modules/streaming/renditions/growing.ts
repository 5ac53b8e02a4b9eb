import { close, open, read, write } from 'node:fs'
import { mkdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { newId } from '#kernel/ids.ts'

const openFile = promisify(open)
const writeAt = promisify(write)
const READ_BYTES = 64 * 1024

/**
 * A file that one writes while many read it, each at its own pace: what a slow reader has not fetched lies on the
 * disk, never in memory.
 */
export type GrowingFile = {
  readonly sizeBytes: () => number
  append(chunk: Uint8Array): Promise<void>
  /** No more will come. */
  end(): void
  /** Nothing good will come: every reader is destroyed with this. */
  fail(fault: Error): void
  /** True once more than `bytes` are there, false when it ended before; rejects when it failed or at the abort. */
  reached(bytes: number, signal?: AbortSignal): Promise<boolean>
  /** Bytes from `start` to `end` (exclusive), or to wherever it ends. */
  reader(start: number, end?: number): Readable
  /** Give the disk space back as soon as the last reader has left. */
  close(): void
}
type State = { size: number; ended: boolean; fault: Error | undefined; holders: number; wake: Set<() => void> }

/**
 * Invariant: the file has no name once this returns (where the system allows it), so that whatever ends the process,
 * even SIGKILL, also frees the space.
 */
export async function createGrowingFile(folder: string): Promise<GrowingFile> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${newId()}.part`)
  const fd = await openFile(path, 'wx+', 0o600)
  await unlink(path).catch(() => {})
  const state: State = { size: 0, ended: false, fault: undefined, holders: 1, wake: new Set() }
  const release = () => {
    if (--state.holders === 0) close(fd, () => {})
  }
  const changed = () => {
    const waiting = [...state.wake]
    state.wake.clear()
    for (const wake of waiting) wake()
  }
  return {
    sizeBytes: () => state.size,
    async append(chunk) {
      await writeWhole(fd, chunk, state.size)
      state.size += chunk.byteLength
      changed()
    },
    end() {
      state.ended = true
      changed()
    },
    fail(fault) {
      state.fault ??= fault
      changed()
    },
    reached: (bytes, signal) => reached(state, bytes, signal),
    reader: (start, end = Number.POSITIVE_INFINITY) => createReader(fd, state, { start, end }, release),
    close: once(release),
  }
}

const once = (act: () => void): (() => void) => {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}

async function writeWhole(fd: number, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    const { bytesWritten } = await writeAt(fd, chunk, done, chunk.byteLength - done, position + done)
    done += bytesWritten
  }
}

function reached(state: State, bytes: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      state.wake.delete(look)
      reject(signal?.reason as Error)
    }
    const settle = (act: () => void) => {
      signal?.removeEventListener('abort', leave)
      act()
    }
    const look = () => {
      if (state.size > bytes) settle(() => resolve(true))
      else if (state.fault) settle(() => reject(state.fault))
      else if (state.ended) settle(() => resolve(false))
      else state.wake.add(look)
    }
    if (signal?.aborted) return reject(signal.reason as Error)
    signal?.addEventListener('abort', leave, { once: true })
    look()
  })
}

function createReader(fd: number, state: State, range: { start: number; end: number }, release: () => void): Readable {
  let position = range.start
  let isReading = false
  let afterRead: (() => void) | undefined
  state.holders++

  function pump(): void {
    if (isReading || stream.destroyed) return
    const available = Math.min(range.end, state.size) - position
    if (available > 0) readSome(Math.min(available, READ_BYTES))
    else if (state.fault) stream.destroy(state.fault)
    else if (position >= range.end || state.ended) stream.push(null)
    else state.wake.add(pump)
  }
  function readSome(length: number): void {
    isReading = true
    read(fd, Buffer.allocUnsafe(length), 0, length, position, (fault, count, buffer) => {
      isReading = false
      if (afterRead) return afterRead()
      if (fault) return void stream.destroy(fault)
      position += count
      stream.push(buffer.subarray(0, count))
    })
  }
  const stream = new Readable({
    highWaterMark: READ_BYTES,
    read: pump,
    destroy(fault, done) {
      state.wake.delete(pump)
      // The descriptor may only be closed when no read is under way: its number could be another file's by then.
      const finish = () => {
        release()
        done(fault)
      }
      if (isReading) afterRead = finish
      else finish()
    },
  })
  return stream
}
