/** A page with nothing but hls.js and an audio element, at the address of a server under test. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'

const HLS_JS = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js')
const PATH = '/hls-test-page'

/**
 * Texts that run in the page: the types of a browser are not those of the server. `player` is there from the start;
 * what it plays is recorded by a worklet as it goes to the loudspeakers.
 */
const PLAYER = `{
  const RECORDER = \`registerProcessor('recorder', class extends AudioWorkletProcessor {
    process([[left]]) {
      if (left) this.port.postMessage(left.slice())
      return true
    }
  })\`
  const once = (target, name, limitMs) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no ' + name + ' within ' + limitMs + ' ms')), limitMs)
    target.addEventListener(name, () => (clearTimeout(timer), resolve()), { once: true })
  })
  const audio = new Audio()
  const faults = []
  const levels = []
  let chunks = []
  let context
  globalThis.player = {
    audio, faults, levels,
    async load(url, config) {
      const hls = new Hls({ ...config })
      this.hls = hls
      hls.on(Hls.Events.ERROR, (_, data) => faults.push([data.fatal, data.details, String(data.error?.message ?? '')]))
      hls.on(Hls.Events.FRAG_CHANGED, (_, data) => levels.push(data.frag.level))
      const parsed = new Promise((resolve) => hls.once(Hls.Events.MANIFEST_PARSED, resolve))
      hls.loadSource(url)
      hls.attachMedia(audio)
      await parsed
      return hls.levels.map((level) => ({ bitrate: level.bitrate, codec: level.audioCodec }))
    },
    async record() {
      context = new AudioContext({ sampleRate: 48000 })
      await context.audioWorklet.addModule(URL.createObjectURL(new Blob([RECORDER], { type: 'text/javascript' })))
      const node = new AudioWorkletNode(context, 'recorder')
      node.port.onmessage = (event) => chunks.push(event.data)
      const source = context.createMediaElementSource(audio)
      source.connect(node)
      node.connect(context.destination)
      await context.resume()
    },
    async playFrom(sec) {
      chunks = []
      audio.currentTime = sec
      await audio.play()
    },
    async toTheEnd(limitMs) {
      await once(audio, 'ended', limitMs)
      await new Promise((resolve) => setTimeout(resolve, 300))
      return { endedSec: audio.currentTime, durationSec: audio.duration }
    },
    async recorded() {
      const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer())
      let text = ''
      for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768))
      return btoa(text)
    },
    async seek(sec, limitMs) {
      const beganMs = performance.now()
      audio.currentTime = sec
      for (;;) {
        if (!audio.seeking && audio.readyState >= 3 && audio.currentTime > sec + 0.01) return performance.now() - beganMs
        if (performance.now() > beganMs + limitMs) throw new Error('at ' + sec + ' s nothing plays: readyState ' + audio.readyState + ', at ' + audio.currentTime + ' ' + JSON.stringify(faults))
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    },
  }
}`

export type Levels = { bitrate: number; codec: string }[]
/** What a page can be asked to do; see above. */
export type Player = {
  /** Rejects when there is no playlist that can be read. */
  load(url: string, config?: object): Promise<Levels>
  record(): Promise<void>
  playFrom(sec: number): Promise<void>
  toTheEnd(limitMs: number): Promise<{ endedSec: number; durationSec: number }>
  /** The left channel at 48 kHz since `playFrom`. */
  recorded(): Promise<Float32Array>
  /** How long it took until it sounded there, ms. */
  seek(sec: number, limitMs: number): Promise<number>
  /** Sets the tier from now on; −1 lets hls.js choose. */
  setLevel(level: number): Promise<void>
  levels(): Promise<number[]>
  faults(): Promise<[boolean, string, string][]>
  close(): Promise<void>
}

export async function openPlayer(browser: Browser, base: string): Promise<Player> {
  const page: Page = await browser.newPage()
  await page.route(`**${PATH}`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>player</title>' }),
  )
  await page.goto(base + PATH)
  await page.evaluate(await readFile(HLS_JS, 'utf8'))
  await page.evaluate(PLAYER)
  const call = <T>(method: string, ...input: unknown[]) =>
    page.evaluate<T>(`player.${method}(...${JSON.stringify(input)})`)
  return {
    load: (url, config = {}) => call('load', url, config),
    record: () => call('record'),
    playFrom: (sec) => call('playFrom', sec),
    toTheEnd: (limitMs) => call('toTheEnd', limitMs),
    seek: (sec, limitMs) => call('seek', sec, limitMs),
    async recorded() {
      const bytes = Buffer.from(await call<string>('recorded'), 'base64')
      return new Float32Array(new Uint8Array(bytes).buffer)
    },
    setLevel: (level) => page.evaluate(`void (player.hls.nextLevel = ${level})`),
    levels: () => page.evaluate('player.levels'),
    faults: () => page.evaluate('player.faults'),
    close: () => page.close(),
  }
}
