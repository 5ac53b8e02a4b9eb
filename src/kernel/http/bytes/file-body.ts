import { read } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'

/** One read and write of a listener who takes his time: all that he holds of memory. */
const SMALL_BYTES = 64 * 1024
/** Of one who takes all that comes: larger ones leave the processor's cache between read and write. */
const LARGE_BYTES = 512 * 1024
/** A listener who takes a buffer within this time gets large ones, two in turn. */
const QUICK_MS = 25
/** Small buffers that wait for the next listener. */
const SPARE_MAX = 64
/** Large ones of all listeners together; who gets none goes on with a small one. */
const LARGE_MAX = 32

export type FilePart = {
  readonly handle: FileHandle
  readonly start: number
  readonly end: number
  /** Called once, when the file is not read any more. */
  readonly done: () => void
}

const spareSmall: Buffer[] = []
const spareLarge: Buffer[] = []
let largeLent = 0
const takeSmall = (): Buffer => spareSmall.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES)
const takeLarge = (): Buffer => {
  largeLent++
  return spareLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)
}

const cutShort = () => new Error('the file became shorter while it was sent')
const bodies = new WeakSet<Readable>()
/** Such a body sees to its length itself. */
export const isFileBody = (stream: Readable): boolean => bodies.has(stream)

/**
 * A part of an open file as the body of an answer; `done` is called at the end, however that comes. It is a stream
 * like others, but piped it goes around the stream's own buffers: a few buffers are filled and written in turn.
 * INVARIANT: a buffer is filled again only after what it held has been handed to the system.
 */
export function fileBody({ handle, start, end, done }: FilePart): Readable {
  let at = start
  let isReading = false
  let afterRead: (() => void) | undefined
  const readInto = (buffer: Buffer, then: (fault: Error | null, bytes: number) => void): void => {
    const wanted = Math.min(buffer.length, end - at)
    isReading = true
    read(handle.fd, buffer, 0, wanted, at, (fault, bytes) => {
      isReading = false
      afterRead?.()
      at += bytes
      then(fault ?? (bytes === 0 ? cutShort() : null), bytes)
    })
  }
  const body = new Readable({
    highWaterMark: SMALL_BYTES,
    read() {
      if (at >= end) {
        this.push(null)
        return
      }
      const buffer = Buffer.allocUnsafeSlow(SMALL_BYTES)
      readInto(buffer, (fault, bytes) => {
        if (fault) this.destroy(fault)
        else this.push(buffer.subarray(0, bytes))
      })
    },
    destroy(fault, closed) {
      // The number of a file that is closed may be another's before the read of it begins.
      if (isReading) afterRead = done
      else done()
      closed(fault)
    },
  })
  bodies.add(body)
  body.pipe = <T extends NodeJS.WritableStream>(to: T): T => {
    pump(body, to as unknown as Writable, { readInto, isOver: () => at >= end })
    return to
  }
  return body
}

type Source = {
  readInto(buffer: Buffer, done: (fault: Error | null, bytes: number) => void): void
  isOver(): boolean
}

/** Ends `body` when all is written, destroys it when the file or the listener fails. */
function pump(body: Readable, to: Writable, source: Source): void {
  let buffers: Buffer[] = [takeSmall()]
  let isReading = false
  let isQuick = false
  let largeHeld = 0
  // One whose write was under way when the listener went is never used again.
  body.once('close', () => {
    largeLent -= largeHeld
  })

  function next(): void {
    if (isReading || body.destroyed || source.isOver()) return
    const buffer = buffers.pop()
    if (!buffer) return
    isReading = true
    source.readInto(buffer, (fault, bytes) => {
      isReading = false
      // Not to be read into again by anybody: its write may be under way when the listener has gone.
      if (body.destroyed) return
      if (fault) body.destroy(fault)
      else write(buffer, bytes)
    })
  }
  function write(buffer: Buffer, bytes: number): void {
    const sinceMs = performance.now()
    const isLast = source.isOver()
    to.write(bytes === buffer.length ? buffer : buffer.subarray(0, bytes), (fault) => {
      if (fault || body.destroyed) return
      keep(buffer, performance.now() - sinceMs <= QUICK_MS)
      if (isLast) finish()
      else next()
    })
    next()
  }
  /** What was written is free again; how long that took says what this listener gets next. */
  function keep(buffer: Buffer, wasQuick: boolean): void {
    const gets = wasQuick && (isQuick || largeLent + 2 <= LARGE_MAX)
    if (gets === isQuick && (buffer.length === LARGE_BYTES) === isQuick) return void buffers.push(buffer)
    give(buffer)
    if (gets === isQuick) return
    isQuick = gets
    buffers.forEach(give)
    buffers = isQuick ? [takeLarge(), takeLarge()] : [takeSmall()]
    if (isQuick) largeHeld += 2
  }
  function give(buffer: Buffer): void {
    const isLarge = buffer.length === LARGE_BYTES
    if (isLarge) {
      largeHeld--
      largeLent--
    }
    const [shelf, most] = isLarge ? [spareLarge, LARGE_MAX] : [spareSmall, SPARE_MAX]
    if (shelf.length < most) shelf.push(buffer)
  }
  function finish(): void {
    buffers.forEach(give)
    to.end()
    body.push(null)
    body.resume()
  }
  if (source.isOver()) finish()
  else next()
}
