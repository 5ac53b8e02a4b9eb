/** CPU time of this process and of the children it has waited for. Linux. */
import { readFileSync } from 'node:fs'

/** What Linux counts in `/proc/self/stat`, whatever the machine. */
const TICKS_PER_SEC = 100
/** Fields of `proc(5)` after the name: utime, stime, cutime, cstime. */
const FIRST_FIELD = 11

export type CpuSec = { readonly own: number; readonly children: number }

export function cpuNow(): CpuSec {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(FIRST_FIELD, FIRST_FIELD + 4).map(Number)
  return { own: (user + system) / TICKS_PER_SEC, children: (childUser + childSystem) / TICKS_PER_SEC }
}

/** CPU seconds spent while `act` runs. */
export async function cpuOf<T>(act: () => Promise<T>): Promise<{ value: T; own: number; children: number }> {
  const before = cpuNow()
  const value = await act()
  const after = cpuNow()
  return { value, own: after.own - before.own, children: after.children - before.children }
}
