import type { Log } from '#kernel/log.ts'

/** What was started, to be stopped in reverse order. */
export type Closers = {
  add(name: string, close: () => Promise<void> | void): void
  /** Runs each once; a failure is logged and does not keep the rest from stopping. */
  closeAll(): Promise<void>
}

const CLOSE_MS_MAX = 15_000

export function createClosers(log: Log): Closers {
  const open: { name: string; close: () => Promise<void> | void }[] = []
  return {
    add: (name, close) => {
      open.push({ name, close })
    },
    async closeAll() {
      for (let one = open.pop(); one; one = open.pop()) await closeOne(one.name, one.close, log)
    },
  }
}

async function closeOne(name: string, close: () => Promise<void> | void, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not stop within ${CLOSE_MS_MAX} ms`)), CLOSE_MS_MAX)
  })
  try {
    await Promise.race([close(), late])
  } catch (err) {
    log.error({ err }, `stopping: ${name}`)
  } finally {
    clearTimeout(timer)
  }
}
