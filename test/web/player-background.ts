/** A page that the browser really puts in the background: one that the test driver does not hold in view. */
import type { Page } from 'playwright-core'

/** Playwright lets pages of its own contexts believe that they are in front; the browser's default context it leaves alone. */
export async function openUndriven(page: Page, scripts: readonly string[]) {
  const root = await page.context().browser()?.newBrowserCDPSession()
  if (!root) throw new Error('no browser')
  const { targetId } = await root.send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await root.send('Target.attachToTarget', { targetId, flatten: false })
  const waiting = new Map<number, (result: unknown) => void>()
  let sent = 0
  root.on('Target.receivedMessageFromTarget', (event) => {
    if (event.sessionId !== sessionId) return
    const { id, result } = JSON.parse(event.message) as { id?: number; result: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  const send = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = ++sent
      waiting.set(id, resolve)
      root
        .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) })
        .catch(reject)
    })
  await send('Page.enable')
  await send('Page.setBypassCSP', { enabled: true })
  for (const source of scripts) await send('Page.addScriptToEvaluateOnNewDocument', { source })
  return {
    goto: (url: string) => send('Page.navigate', { url }),
    async evaluate<T>(expression: string): Promise<T> {
      const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      return (answer as { result: { value: T } }).result.value
    },
    /** Another page comes in front of it. */
    async cover(): Promise<void> {
      const front = await root.send('Target.createTarget', { url: 'about:blank' })
      await root.send('Target.activateTarget', front)
    },
    close: () => root.send('Target.closeTarget', { targetId }),
  }
}

/** Signs in on the page that asks for it. */
export const signInJs = (name: string, password: string): string => `{
  const put = (selector, value) => {
    const input = document.querySelector(selector)
    input.value = value
    input.dispatchEvent(new Event('input', { bubbles: true }))
  }
  put('input:not([type="password"])', ${JSON.stringify(name)})
  put('input[type="password"]', ${JSON.stringify(password)})
  document.querySelector('form').requestSubmit()
}`
