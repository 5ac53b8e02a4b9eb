/**
 * An optimisation, never a source of truth: a failure of the cache is logged and the value is made anew.
 * Keys must include everything that changes the answer (who asks, filters, page).
 */
export type Cache = {
  /** One maker at a time per key in a process; the others wait for it. */
  getOrMake<T>(key: string, o: { ttlMs: number; tags?: readonly string[] }, make: () => Promise<T>): Promise<T>
  /** After it resolves no reader of any process gets a value made before the call under one of these tags. */
  invalidate(tags: readonly string[]): Promise<void>
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}
