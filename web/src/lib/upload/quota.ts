import type { Output } from '#client/index.ts'
import { client } from '#lib/api.ts'

export type Quota = Output<'uploads', 'getQuota'>
export const readQuota = (): Promise<Quota> => client.uploads.getQuota()
