import { contract, op } from '#kernel/contract.ts'
import { Id, Strict } from '#kernel/schema.ts'
import { PublicUser } from '#modules/identity/things.ts'

/** What a person keeps of themselves, and what others may know of it. */
export const profile = contract('profile', 'Profiles and privacy', {
  getUser: op({
    method: 'GET',
    path: '/users/:id',
    auth: 'anyone',
    summary: 'What anyone may know of a user',
    input: Strict({ id: Id }),
    output: PublicUser,
  }),
})
