import { ACCESS, type View } from '#modules/catalog/policy.ts'

/** What admins see. */
export const EVERYTHING: View = { least: ACCESS.admins, ownerId: null, withheld: [] }
