import type { Api } from '#kernel/contract.ts'
import { notFound } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { toPublicUser, userById } from '#modules/identity/users.ts'
import type { profile } from './contract.ts'

export function createProfile(ctx: Ctx<Tables>): Api<typeof profile> {
  return {
    async getUser(_who, { id }) {
      const row = await userById(ctx.db, id)
      if (!row || row.is_blocked) throw notFound('user')
      return toPublicUser(row)
    },
  }
}
