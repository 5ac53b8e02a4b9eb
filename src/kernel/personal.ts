import { internal } from '#kernel/contract.ts'
import { Id, Strict, Type } from '#kernel/schema.ts'

/**
 * Operations that any contract may offer, under these very names, when its module keeps something of a person. Who
 * shows people what is kept of them asks every contract that does (`ctx.askAll`) and needs to know none by name.
 */
const Facts = Type.Object({}, { additionalProperties: true })

/** All of it, readable without the program; no secret, and nothing that belongs to another person. */
export const exportOfUser = internal({
  summary: 'Everything that this keeps of a person, for their export',
  input: Strict({ userId: Id }),
  output: Facts,
})
/** A few numbers and times that a person would like to see. */
export const statsOfUser = internal({
  summary: 'What a person would like to see of what they have here',
  input: Strict({ userId: Id }),
  output: Facts,
})

export const PERSONAL = { exportOfUser, statsOfUser } as const
export type PersonalOperation = keyof typeof PERSONAL
