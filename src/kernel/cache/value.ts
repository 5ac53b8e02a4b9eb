/** A value as it is kept (JSON; the empty text stands for `undefined`) and as everybody gets it. */
export type Canonical = { readonly json: string | undefined; readonly value: unknown }

/**
 * Every caller gets what JSON makes of a value, the one who made it too, so that nothing depends on who came first.
 * What JSON cannot say goes to its caller as it is, without `json`, and is told to `failed`.
 */
export function canonical(made: unknown, failed: (thrown: unknown) => void): Canonical {
  try {
    const json = JSON.stringify(made) ?? ''
    return { json, value: decodeValue(json) }
  } catch (thrown) {
    failed(thrown)
    return { json: undefined, value: made }
  }
}

/**
 * The value of a text that `canonical` made, frozen: it is handed to many, and who changes it must get an error,
 * not change the answer of everybody else.
 */
export const decodeValue = (json: string): unknown => (json === '' ? undefined : deepFreeze(JSON.parse(json)))

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
