import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import { withoutIds } from '#kernel/validate.ts'
import { OFFERS } from '../src/targets.ts'

/** The program makes checks when they are first needed, and does not try schemas: that all can be made is shown here. */
describe('every schema is one', () => {
  const ajv = new Ajv2020({ strict: false })
  ;(addFormatsModule as unknown as (a: Ajv2020) => void)(ajv)

  for (const { contract } of OFFERS)
    test(contract.name, () => {
      for (const [name, o] of Object.entries(contract.operations))
        for (const schema of 'output' in o ? [o.input, o.output] : [o.input])
          assert.doesNotThrow(() => ajv.compile(withoutIds(schema) as AnySchema), `${contract.name}.${name}`)
    })

  test('what is no schema is told', () => {
    assert.throws(() => ajv.compile({ type: 'text' }), /schema is invalid/)
  })
})
