/** OWASP's choice for argon2id: 19 MiB, two passes, one lane. */
export const COST = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const
/** Priority of the threads: whoever else wants a core goes first. */
export const NICE = 10

export type Derivation = {
  readonly message: string
  readonly nonce: Uint8Array
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly tagLength: number
}
