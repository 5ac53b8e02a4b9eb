/** A promise that resolves at `done`, or after `waitMaxMs`. */
export function settleWithin(waitMaxMs: number): { promise: Promise<void>; done: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, waitMaxMs)
  const done = () => {
    clearTimeout(timer)
    resolve()
  }
  return { promise, done }
}
