import { event } from '#kernel/module.ts'
import { Type } from '#kernel/schema.ts'

/** For tests. */
export const happened = event('test.happened.v1', Type.Object({ n: Type.Integer() }, { additionalProperties: false }))
export const echoed = event('test.echoed.v1', Type.Object({ n: Type.Integer() }))
