import type { AnyModule, Offer } from '#kernel/app/wire.ts'
import type { Contract } from '#kernel/contract.ts'
import { urlOf } from '#kernel/app/wire.ts'
import { StartError } from '#kernel/db/embedded/errors.ts'
import type { Service } from '#kernel/http/health.ts'
import { analysis } from '#modules/analysis/schema.ts'
import { albums, library, moderation, songs, uploads } from '#modules/catalog/schema.ts'
import { admin, apiKeys, identity, links, profile } from '#modules/identity/schema.ts'
import { streaming } from '#modules/streaming/schema.ts'

/** The whole program in one table: each module, what it offers, and how to load it. A process loads only its target. */
export const MODULES: Readonly<
  Record<string, { offers: readonly Contract[]; load: () => Promise<{ default: unknown }> }>
> = {
  identity: { offers: [identity, profile, links, apiKeys, admin], load: () => import('#modules/identity/index.ts') },
  catalog: { offers: [songs, albums, library, moderation, uploads], load: () => import('#modules/catalog/index.ts') },
  streaming: { offers: [streaming], load: () => import('#modules/streaming/index.ts') },
  analysis: { offers: [analysis], load: () => import('#modules/analysis/index.ts') },
}

/** Names for `--target`; `module/contract` runs the module and serves only that contract of it. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  all: ['gateway', ...Object.keys(MODULES)],
  user: ['identity'],
  song: ['catalog/songs', 'catalog/library', 'catalog/moderation', 'catalog/uploads', 'streaming', 'analysis'],
  album: ['catalog/albums'],
  worker: ['catalog', 'analysis'],
}
/** Names that are not modules: `gateway` serves the public API, `migrate` migrates and ends. */
const SPECIAL = ['gateway', 'migrate'] as const

/** Names of `<NAME>_URL` for a contract, the most exact first: `ALBUMS_URL`, `ALBUM_URL` (its group), `CATALOG_URL`. */
function reachedAs(module: string, { name }: Contract): string[] {
  const groups = Object.entries(GROUPS).filter(
    ([group, parts]) => group !== 'worker' && (parts.includes(`${module}/${name}`) || parts.includes(module)),
  )
  return [...new Set([name, ...groups.map(([group]) => group).filter((group) => group !== 'all'), module])]
}

/** Every contract of the program and where it may be. */
export const OFFERS: readonly Offer[] = Object.entries(MODULES).flatMap(([module, m]) =>
  m.offers.map((contract) => ({ module, contract, reachedAs: reachedAs(module, contract) })),
)
/** Every NAME for which `<NAME>_URL` means something. */
export const URL_NAMES: readonly string[] = [...new Set(OFFERS.flatMap((o) => o.reachedAs ?? []))]

/** The services of `/health/services`, by the names operators know. */
export const SERVICES = [
  { name: 'user', contract: identity },
  { name: 'song', contract: songs },
  { name: 'album', contract: albums },
  { name: 'streaming', contract: streaming },
  { name: 'analysis', contract: analysis },
] as const

/** Each with where it answers, or without when it is of this process. */
export function servicesOf(target: Target, urls: Readonly<Record<string, string>>): Service[] {
  return SERVICES.map(({ name, contract }) => {
    const offer = OFFERS.find((o) => o.contract === contract) as Offer
    const isHere = target.modules.includes(offer.module) && target.mounts(contract)
    return { name, url: isHere ? undefined : urlOf(offer, urls) }
  })
}

export type Target = {
  name: string
  gateway: boolean
  migrateOnly: boolean
  modules: readonly string[]
  mounts: (c: Contract) => boolean
}

/** Read `--target`: groups, modules and contracts, separated by commas. Throws for an unknown name. */
export function readTarget(name: string): Target {
  const parts = name.split(',').flatMap((p) => GROUPS[p.trim()] ?? [p.trim()])
  const whole = new Set(parts.filter((p) => p in MODULES))
  const single = parts.filter((p) => p.includes('/'))
  for (const p of parts) assertKnown(p)
  const modules = Object.keys(MODULES).filter((m) => whole.has(m) || single.some((s) => s.startsWith(`${m}/`)))
  const mounts = (c: Contract) =>
    Object.entries(MODULES).some(
      ([m, { offers }]) => offers.includes(c) && (whole.has(m) || single.includes(`${m}/${c.name}`)),
    )
  return { name, gateway: parts.includes('gateway'), migrateOnly: parts.includes('migrate'), modules, mounts }
}

function assertKnown(part: string): void {
  const [module, contract] = part.split('/')
  const known =
    (SPECIAL as readonly string[]).includes(part) ||
    (module !== undefined &&
      MODULES[module] !== undefined &&
      (contract === undefined || MODULES[module].offers.some((c) => c.name === contract)))
  if (!known)
    throw new StartError(
      'unknown_target',
      `--target does not know "${part}"; it knows ${[...SPECIAL, ...Object.keys(GROUPS), ...Object.keys(MODULES)].join(', ')}.`,
    )
}

export const loadModules = async (names: readonly string[]): Promise<AnyModule[]> =>
  Promise.all(names.map(async (n) => (await (MODULES[n] as (typeof MODULES)[string]).load()).default as AnyModule))

/** The table for people: `--modules`. */
export function moduleTable(): string {
  const modules = Object.entries(MODULES).map(
    ([name, m]) => `  ${name.padEnd(12)} ${m.offers.map((c) => `${c.name} (${c.title})`).join(', ')}`,
  )
  const groups = Object.entries(GROUPS).map(([name, parts]) => `  ${name.padEnd(12)} ${parts.join(', ')}`)
  return [
    'Modules and what they offer:',
    ...modules,
    '',
    'Groups for --target:',
    ...groups,
    '  migrate      bring the database up to date and end',
    '',
  ].join('\n')
}
