import { ApiError } from '#client/index.ts'
import { sentenceOf, tellFault } from '#lib/ui/toasts.svelte.ts'

export type Loaded<T> = { readonly value: T | null; readonly fault: string | null }

/**
 * Reads one thing and reads it again whenever `key` changes; call while a component is made. What was there stays
 * until the new is, so that nothing flickers, unless the thing itself is another (`id`).
 */
export function makeLoaded<K extends { id?: string; version?: number }, T>(
  key: () => K,
  read: (key: K, signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  let value = $state.raw<T | null>(null)
  let fault = $state<string | null>(null)
  let shownId: string | undefined
  $effect(() => {
    const wanted = key()
    const stopper = new AbortController()
    if (wanted.id !== shownId) value = null
    shownId = wanted.id
    read(wanted, stopper.signal).then(
      (answer) => {
        value = answer
        fault = null
      },
      (thrown: unknown) => {
        if (thrown instanceof ApiError && thrown.code === 'aborted') return
        if (value === null) fault = sentenceOf(thrown)
        else tellFault(thrown)
      },
    )
    return () => stopper.abort()
  })
  return {
    get value() {
      return value
    },
    get fault() {
      return fault
    },
  }
}
