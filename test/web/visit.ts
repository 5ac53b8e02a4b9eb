import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { KEEP_AUDIOS, seriousFaultsOf, settled } from './page.ts'
import { buildWeb, SCREENS, startBrowser, startProduct } from './product.ts'

export const DESK = { width: 1366, height: 860 }
export const PASSWORD = 'a quiet tutti of strings'

export type Visit = Awaited<ReturnType<typeof startVisit>>

/** A browser on a product of its own; `music` is its folder from the start, or ''. */
export async function startVisit(music: string) {
  await buildWeb()
  const product = await startProduct(music)
  const browser = await startBrowser()
  const context = await browser.newContext({ viewport: DESK, colorScheme: 'dark', reducedMotion: 'no-preference' })
  await context.addInitScript({ content: KEEP_AUDIOS })
  const page = await context.newPage()
  /** Everything the browser complained about. */
  const complaints: string[] = []
  page.on('console', (m) => void (m.type() === 'error' && complaints.push(`${m.text()} ${m.location().url}`)))
  page.on('pageerror', (error) => void complaints.push(String(error.stack)))
  return {
    base: product.base,
    page,
    complaints,
    async shot(name: string): Promise<void> {
      await settled(page)
      await page.screenshot({ path: join(SCREENS, `${name}.png`) })
    },
    seriousFaults: (where: string, rules?: string[]) => seriousFaultsOf(page, where, rules),
    async goTo(path: string, heading: string): Promise<void> {
      await page.goto(product.base + path)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor({ state: 'attached' })
    },
    firstAccount: () => firstAccount(page, product.base),
    async stop(): Promise<void> {
      await browser.close()
      await product.stop()
    },
  }
}

async function firstAccount(page: Page, base: string): Promise<void> {
  await page.goto(base)
  await page.getByLabel('User name').fill('ada')
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByLabel('Password', { exact: true }).waitFor({ state: 'detached' })
}
