import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { MEMORY_POLL_MS } from './bounds.ts'

const PAGE_BYTES = 4096

/** Resident memory of a process in bytes; undefined where the system has no /proc, or the process is gone. */
export function residentBytes(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES
  } catch {
    return undefined
  }
}

/** Calls `onExceeded` once when the process holds more than `maxBytes`. Returns what ends the watch. Linux only. */
export function watchMemory(pid: number, maxBytes: number, onExceeded: () => void): () => void {
  const timer = setInterval(() => {
    if ((residentBytes(pid) ?? 0) <= maxBytes) return
    clearInterval(timer)
    onExceeded()
  }, MEMORY_POLL_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Lowers the priority of a child; a child that has ended already is no fault. */
export function renice(pid: number, nice: number | undefined): void {
  try {
    if (nice) setPriority(pid, nice)
  } catch {
    // ESRCH: it was faster than us.
  }
}
