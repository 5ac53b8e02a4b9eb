/** Things kept in this browser. Everything here works, and forgets, where storage is refused (private windows). */
const PREFIX = 'tutti.'

export function readText(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch {
    return null
  }
}

export function writeText(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name)
    else localStorage.setItem(PREFIX + name, value)
  } catch {
    // Full or refused: the app goes on, only without a memory.
  }
}

/** Whether this browser lets us keep anything. */
export function canKeep(): boolean {
  const name = 'try'
  writeText(name, '1')
  const isKept = readText(name) === '1'
  writeText(name, null)
  return isKept
}

/** Told what another tab has put in the place of what was kept under `name`. */
export function onKeptElsewhere(name: string, listener: (value: string | null) => void): void {
  addEventListener('storage', (event) => {
    if (event.key === PREFIX + name) listener(event.newValue)
  })
}

/** What was kept under `name`, when `isValid` says that it still has the right shape. */
export function readJson<T>(name: string, isValid: (value: unknown) => value is T): T | null {
  try {
    const value: unknown = JSON.parse(readText(name) ?? 'null')
    return isValid(value) ? value : null
  } catch {
    return null
  }
}

export const writeJson = (name: string, value: unknown): void => writeText(name, JSON.stringify(value))

let owner = ''
/** Whose things are read and written from now on; '' for nobody. What one person did here is not shown to the next. */
export function setOwner(userId: string): void {
  owner = userId
}
export const readMine = <T>(name: string, isValid: (value: unknown) => value is T): T | null =>
  owner === '' ? null : readJson(`${name}.${owner}`, isValid)
export function writeMine(name: string, value: unknown): void {
  if (owner !== '') writeJson(`${name}.${owner}`, value)
}
