import { job } from '#kernel/module.ts'
import { Type } from '#kernel/schema.ts'

/** For tests. */
const payload = Type.Object({ n: Type.Integer() }, { additionalProperties: false })
export const work = job('test.work.v1', payload, { lane: 'quick', maxAttempts: 3 })
export const heavy = job('test.heavy.v1', payload, { lane: 'cpu', maxAttempts: 3 })
