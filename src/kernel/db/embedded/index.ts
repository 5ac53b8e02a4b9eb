import { type EmbeddedPostgres, type StartOptions, startWith } from './start.ts'

export { StartError, type StartLog } from './errors.ts'
export type { EmbeddedPostgres, StartOptions } from './start.ts'

/**
 * Starts, or finds again, the PostgreSQL of a data folder, and holds that folder against a second Tutti.
 *
 * - The first start creates the cluster in `<dataDir>/postgres` and the database `tutti`.
 * - A postmaster left behind by a killed Tutti is adopted: no restart, no recovery.
 * - It listens on a Unix socket only, in a private folder; its output is in `<dataDir>/logs/postgres.log`.
 * - As root its processes run as an unprivileged user; see `place.ts` for folders that user cannot reach.
 *
 * When Node dies without `stop`, the postmaster stays, and the next start adopts it.
 * @throws StartError with one of the codes of this folder, e.g. `data_folder_in_use`, `data_folder_unwritable`,
 * `disk_full`, `database_wrong_version`, `database_died_at_start`, `postgres_not_bundled`
 */
export const startEmbedded = (options: StartOptions): Promise<EmbeddedPostgres> => startWith(options, {})
