import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** The player's audio elements are in no document: a script that runs before the app's own keeps hold of them. */
export const KEEP_AUDIOS = `{
  const Plain = Audio
  globalThis.audios = []
  globalThis.soundLog = []
  globalThis.Audio = class extends Plain {
    constructor() {
      super()
      audios.push(this)
      for (const name of ['playing', 'ended'])
        this.addEventListener(name, () => soundLog.push({ name, atMs: performance.now() }))
    }
  }
}`
export type Hooked = {
  audios: { paused: boolean; currentTime: number; readyState: number }[]
  soundLog: { name: string; atMs: number }[]
}

/** How much wider than the screen the page is, pixels. */
export const TOO_WIDE_PX = `Math.max(
  document.documentElement.scrollWidth - innerWidth,
  document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth,
)`

/** Seconds into the song of the audio element that sounds; -1 when none does. */
export const heardSecOf = (page: Page) =>
  page.evaluate(() => {
    const { audios } = globalThis as unknown as Hooked
    return audios.find((a) => !a.paused)?.currentTime ?? -1
  })

/** Reads until what was read is as wanted; fails with the last of it. */
export async function until<T>(
  what: string,
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
  timeoutMs = 40_000,
): Promise<T> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const value = await read()
    if (isDone(value)) return value
    assert.ok(performance.now() < endMs, `${what}: still ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Lazy pictures far below are not fetched, and some things move for ever. */
const STILL = `[...document.images].every((i) => i.complete || i.getBoundingClientRect().top > innerHeight) &&
  !document.querySelector('main .bone') &&
  document.getAnimations().every((a) => a.playState !== 'running' || a.effect.getComputedTiming().endTime === Infinity)`
const STILL_MS_MAX = 3000
/** Until pictures are there and nothing moves that comes to an end; not for ever, as pages may live. */
export async function settled(page: Page): Promise<void> {
  const endMs = performance.now() + STILL_MS_MAX
  // Not waitForFunction: the page's own policy forbids what that does with a text.
  while (!(await page.evaluate<boolean>(STILL)) && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, 50))
}

/** From the end of the last song to the first sound of the next, ms; negative where they overlap. */
export async function gapMs(page: Page): Promise<number> {
  const log = await page.evaluate(() => (globalThis as unknown as Hooked).soundLog)
  const ended = log.findLast((e) => e.name === 'ended')
  assert.ok(ended, 'no song ended')
  // A song that stalls plays again, later: what counts is the sound that began nearest to the end of the other.
  const began = log.filter((e) => e.name === 'playing').map((e) => e.atMs - ended.atMs)
  const [nearest] = began.toSorted((a, b) => Math.abs(a) - Math.abs(b))
  assert.ok(nearest !== undefined, 'no song began')
  return nearest
}

type AxeResult = { violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }
type Axe = { run(options: object): Promise<AxeResult> }
/** What axe finds serious or critical on the page, one line each; `rules`: only by these rules. */
export async function seriousFaultsOf(page: Page, where: string, rules?: string[]): Promise<string[]> {
  await settled(page)
  // A page that was not loaded anew has it already.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(await readFile(AXE, 'utf8'))
  const result = await page.evaluate(
    (runOnly) =>
      (globalThis as unknown as { axe: Axe }).axe.run({
        resultTypes: ['violations'],
        ...(runOnly ? { runOnly } : {}),
      }),
    rules,
  )
  return result.violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${where}: ${v.id}: ${v.nodes[0]?.html.slice(0, 200)} ${v.nodes[0]?.failureSummary}`)
}
