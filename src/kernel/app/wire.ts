import type { Caller } from '#kernel/caller.ts'
import type { Contract } from '#kernel/contract.ts'
import { unavailable } from '#kernel/errors.ts'
import type { Answered, AskAll, Ctx, Module, Running } from '#kernel/module.ts'
import { PERSONAL } from '#kernel/personal.ts'
import { remoteApi } from '#kernel/rpc/remote.ts'
import { StartError } from '#kernel/db/embedded/errors.ts'

/** Modules of different tables stand in one list; each meets only its own tables. */
export type AnyModule = Module<never>
export type AnyRunning = Running<unknown, Record<string, Contract>>
type ApiOf = Record<string, (who: Caller, input: unknown) => Promise<unknown>>

/** A contract and where it is: the whole program's, whether this process runs it or not. */
export type Offer = {
  module: string
  contract: Contract
  /** Names of `<NAME>_URL` under which it may be reached, the most exact first; by default the module's. */
  reachedAs?: readonly string[]
}
export type Wired = { module: AnyModule; running: AnyRunning }

/** Needed modules before those that need them. Throws when needs go in a circle. */
export function inOrder(modules: readonly AnyModule[], offers: readonly Offer[]): AnyModule[] {
  const byName = new Map(modules.map((m) => [m.name, m]))
  const ownerOf = (c: Contract) => offers.find((o) => o.contract.name === c.name)?.module
  const done: AnyModule[] = []
  const visit = (m: AnyModule, path: readonly string[]): void => {
    if (done.includes(m)) return
    if (path.includes(m.name))
      throw new StartError('module_circle', `Modules need each other in a circle: ${[...path, m.name].join(' -> ')}.`)
    for (const c of Object.values(m.needs)) {
      const owner = ownerOf(c)
      if (owner === undefined)
        throw new StartError(
          'unknown_contract',
          `Module ${m.name} needs the contract ${c.name}, which no module offers.`,
        )
      const needed = byName.get(owner)
      if (needed && needed !== m) visit(needed, [...path, m.name])
    }
    done.push(m)
  }
  for (const m of modules) visit(m, [])
  return done
}

export type Finder = {
  wired: readonly Wired[]
  offers: readonly Offer[]
  urls: Readonly<Record<string, string>>
  token: (who: Caller) => Promise<string>
}

/** The operations of a contract: of this process, or of the one at `<MODULE>_URL`. */
export function findApi(contract: Contract, f: Finder): ApiOf {
  const local = f.wired.find((w) => Object.values(w.module.contracts).some((c) => c.name === contract.name))
  if (local) return apiOf(local, contract)
  const offer = f.offers.find((o) => o.contract.name === contract.name) ?? { module: contract.name, contract }
  return remoteApi(contract, urlOf(offer, f.urls), f.token)
}

/** See `Ctx.askAll`. The contracts are found when they are asked: modules of this process are made one after another. */
export const askAllOf =
  (f: Finder): AskAll =>
  (operation, who, input) => {
    const offering = f.offers.filter(({ contract }) => contract.operations[operation] === PERSONAL[operation])
    return Promise.all(
      offering.map(async ({ contract }) => ({
        contract: contract.name,
        output: (await reach(contract, f)[operation]?.(who, input)) as Answered['output'],
      })),
    )
  }

/** A part that nobody has named an address of is as unreachable as one that does not answer. */
function reach(contract: Contract, f: Finder): ApiOf {
  try {
    return findApi(contract, f)
  } catch (thrown) {
    if (!(thrown instanceof StartError)) throw thrown
    throw unavailable(
      'service_unavailable',
      `The part of Tutti that knows ${contract.name} is not known to this process.`,
    )
  }
}

/** Where another process offers a contract. Throws when nobody has said. */
export function urlOf({ module, reachedAs = [module] }: Offer, urls: Readonly<Record<string, string>>): string {
  const url = reachedAs.map((name) => urls[name]).find((u) => u !== undefined)
  if (url !== undefined) return url
  throw new StartError(
    'missing_url',
    `This target needs "${module}", which it does not run: set ${module.toUpperCase()}_URL to where it runs, or add it to --target.`,
  )
}

export function apiOf(w: Wired, contract: Contract): ApiOf {
  const key = Object.entries(w.module.contracts).find(([, c]) => c.name === contract.name)?.[0] ?? contract.name
  return w.running.api[key] as unknown as ApiOf
}

type Plan = Pick<Finder, 'offers' | 'urls'> & {
  modules: readonly AnyModule[]
  /** Contracts that this process calls or passes on besides what its modules need. */
  besides: readonly Contract[]
}

/** Throws when something that this process needs runs elsewhere and nobody has said where: before anything starts. */
export function assertReachable({ modules, besides, offers, urls }: Plan): void {
  const here = new Set(modules.flatMap((m) => Object.values(m.contracts).map((c) => c.name)))
  for (const c of [...modules.flatMap((m) => Object.values(m.needs)), ...besides])
    if (!here.has(c.name))
      urlOf(offers.find((o) => o.contract.name === c.name) ?? { module: c.name, contract: c }, urls)
}

/** Make one module with all it needs. */
export async function wire(module: AnyModule, ctx: Ctx<unknown>, f: Finder): Promise<Wired> {
  const needs = Object.fromEntries(Object.entries(module.needs).map(([key, c]) => [key, findApi(c, f)]))
  const create = module.create as unknown as (ctx: Ctx<unknown>, needs: unknown) => Promise<AnyRunning> | AnyRunning
  return { module, running: await create(ctx, needs) }
}
