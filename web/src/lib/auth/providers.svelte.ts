import type { Output } from '#client/index.ts'
import { client } from '#lib/api.ts'

type Providers = Output<'links', 'signInProviders'>['items']

/** With whom else one may sign in here; null until it is known. */
export const others: { list: Providers | null } = $state({ list: null })

/** Asks once; without an answer one can still sign in by password, so a fault here is no news. */
export async function loadOthers(): Promise<void> {
  others.list ??= await client.links.signInProviders().then(
    ({ items }) => items,
    () => null,
  )
}
