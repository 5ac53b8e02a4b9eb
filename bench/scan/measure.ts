import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '#kernel/testing.ts'

const LOOK_EVERY_MS = 250
const KB_OF_MB = 1024

export type Scan = {
  state: string
  finishedAt: string | null
  doneFiles: number
  foundFiles: number
  added: number
  moved: number
  removed: number
  faulty: number
}
const scanOf = async (admin: Client): Promise<Scan> => (await admin.get('/library/status')).body['scan'] as Scan

/** The scan at start has ended. */
export async function untilIdle(admin: Client): Promise<void> {
  for (;;) {
    const scan = await scanOf(admin)
    if (scan.state !== 'scanning' && scan.finishedAt !== null) return
    await sleep(50)
  }
}

/** Starts work that scans and waits for its end. Returns seconds and the state. */
export async function timed(
  admin: Client,
  begin: () => Promise<unknown>,
  lookEveryMs = 50,
): Promise<{ seconds: number; scan: Scan }> {
  const before = (await scanOf(admin)).finishedAt
  const startedMs = performance.now()
  await begin()
  for (;;) {
    await sleep(lookEveryMs)
    const scan = await scanOf(admin)
    if (scan.state !== 'scanning' && scan.finishedAt !== null && scan.finishedAt !== before)
      return { seconds: (performance.now() - startedMs) / 1000, scan }
  }
}

function statusOf(pid: string): { parent: string; name: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8')
    return { parent: fieldOf(text, 'PPid'), name: fieldOf(text, 'Name') }
  } catch {
    return undefined
  }
}
const fieldOf = (text: string, name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? ''
function pssMb(pid: string): number {
  try {
    return Number.parseInt(fieldOf(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss'), 10) / KB_OF_MB
  } catch {
    return 0
  }
}
/**
 * Memory of this process and of all it has begun but the database, in MB: resident pages, those that several of them
 * share counted once (PSS). Linux.
 */
function withChildrenMb(): number {
  const all = new Map(
    readdirSync('/proc')
      .filter((n) => /^\d+$/.test(n))
      .map((pid) => [pid, statusOf(pid)]),
  )
  const isOurs = (pid: string): boolean => {
    for (let at: string | undefined = pid; at; at = all.get(at)?.parent) if (at === String(process.pid)) return true
    return false
  }
  let sum = 0
  for (const [pid, s] of all) if (s && !s.name.startsWith('postgres') && isOurs(pid)) sum += pssMb(pid)
  return sum
}

export type Memory = { startMb: number; serverMaxMb: number; allMaxMb: number }
/** Resident memory while something runs: of the server (threads included), and with the processes that read tags. */
export function watchMemory(): { end(): Memory } {
  const startMb = process.memoryUsage.rss() / 1024 ** 2
  const m: Memory = { startMb, serverMaxMb: startMb, allMaxMb: 0 }
  const timer = setInterval(() => {
    m.serverMaxMb = Math.max(m.serverMaxMb, process.memoryUsage.rss() / 1024 ** 2)
    m.allMaxMb = Math.max(m.allMaxMb, withChildrenMb())
  }, LOOK_EVERY_MS)
  return {
    end() {
      clearInterval(timer)
      return m
    },
  }
}

let missed = 0
export function report(
  what: string,
  figure: number,
  unit: string,
  mark: { limit: number; better: 'more' | 'less' },
): void {
  const isMet = mark.better === 'more' ? figure >= mark.limit : figure <= mark.limit
  if (!isMet) missed++
  console.log(
    `${isMet ? '✓' : '✗'} ${what}: ${figure.toFixed(1)} ${unit} (mark: ${mark.better === 'more' ? '≥' : '≤'} ${mark.limit})`,
  )
}
export const allMet = (): boolean => missed === 0
