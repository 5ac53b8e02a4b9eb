import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const SCREENS = join(ROOT, 'test-output/screens')
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** Real music where a game has brought some: tagged Ogg Vorbis. */
const MUSIC = ['/usr/share/games/wesnoth/1.16/data/core/music']
const START_MS_MAX = 120_000
const STOP_MS_MAX = 20_000

export const chromiumPath = (): string | undefined => CHROMIUM.find(existsSync)
export const musicPath = (): string | undefined => MUSIC.find(existsSync)

const lacks = !chromiumPath() ? 'Chromium' : !musicPath() ? 'music (wesnoth-1.16-music)' : undefined
/** Why the tests of the web app cannot run here, or false; under TUTTI_TEST_FULL=1 they run, and fail. */
export const skip = lacks && process.env['TUTTI_TEST_FULL'] !== '1' ? `this machine has no ${lacks}` : (false as const)

/** Short ones, so that their analysis does not take the browser's time; one of each kind of tags. */
const SHORT = ['battle-epic', 'defeat', 'defeat2', 'love_theme', 'main_menu', 'sad']
  .concat('silence', 'transience', 'victory', 'victory2')
  .map((name) => `${name}.ogg`)
/** Four minutes each: as much as all the others. */
const LONG = ['heroes_rite.ogg', 'journeys_end.ogg']

export type FewSongs = { folder: string; remove(): Promise<void> }
/** A music folder with ten real songs. */
export const fewSongs = (): Promise<FewSongs> => folderOf(SHORT)
/** A music folder with a dozen real songs, among them long ones. */
export const longSongs = (): Promise<FewSongs> => folderOf([...SHORT, ...LONG])

async function folderOf(names: readonly string[]): Promise<FewSongs> {
  const from = musicPath()
  if (!from || lacks) throw new Error(`TUTTI_TEST_FULL=1 needs ${lacks}`)
  const folder = await mkdtemp(join(tmpdir(), 'tutti-web-music-'))
  await Promise.all(names.map((name) => copyFile(join(from, name), join(folder, name))))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

type BuildWebApp = (o: { root: string; node: string; env: NodeJS.ProcessEnv; say(text: string): void }) => Promise<void>
/** Builds web/dist as `npm start` does, when its sources have changed. */
export async function buildWeb(): Promise<void> {
  const { buildWebApp } = (await import(join(ROOT, 'scripts/lib/webapp.mjs'))) as { buildWebApp: BuildWebApp }
  await buildWebApp({ root: ROOT, node: process.execPath, env: process.env, say: () => undefined })
}

export type Product = {
  base: string
  /** What it has printed so far, its log among it. */
  said: readonly string[]
  stop(): Promise<void>
}
export type ProductOptions = { music: string; env?: Readonly<Record<string, string>> }

/** Starts Tutti from nothing: an empty data folder, a port of its own; `music` is its folder of music, or ''. */
export async function startProduct({ music, env = {} }: ProductOptions): Promise<Product> {
  const data = await mkdtemp(join(tmpdir(), 'tutti-web-'))
  // The embedded PostgreSQL runs as another user when we are root: only where it may pass is its data kept here.
  await chmod(data, 0o711)
  const child = spawn(process.execPath, ['src/main.ts', '--port', '0'], {
    cwd: ROOT,
    env: { ...process.env, TUTTI_DATA: data, TUTTI_MUSIC: music, PORT: '0', LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  const exited = once(child, 'exit')
  createInterface({ input: child.stderr }).on('line', (line) => void said.push(line))
  const ready = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Tutti was not ready in time:\n${said.join('\n')}`)), START_MS_MAX)
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line)
      const base = /ready at (http:\/\/\S+)/.exec(line)?.[1]
      if (!base) return
      clearTimeout(timer)
      resolve(base)
    })
    void exited.then(() => reject(new Error(`Tutti ended before it was ready:\n${said.join('\n')}`)))
  })
  const stop = async () => {
    child.kill('SIGINT')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    if (child.exitCode === null && child.signalCode === null) await exited
    clearTimeout(timer)
    await rm(data, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    return { base: await ready, said, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * A machine without a graphics card draws WebGL on its cores: only for tests of what is drawn so. `background`: pages
 * that are not in front are slowed down, as everywhere but in tests.
 */
export type Drawing = 'plain' | 'webgl' | 'background'
const DRAWING: Readonly<Record<Drawing, readonly string[]>> = {
  plain: ['--disable-gpu', '--disable-software-rasterizer'],
  background: ['--disable-gpu', '--disable-software-rasterizer'],
  webgl: ['--disable-gpu-compositing', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
}

const KEEPS_AWAKE = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
]

export async function startBrowser(drawing: Drawing = 'plain'): Promise<Browser> {
  const executablePath = chromiumPath()
  if (!executablePath) throw new Error('No Chromium on this machine.')
  await mkdir(SCREENS, { recursive: true })
  return chromium.launch({
    executablePath,
    ...(drawing === 'background' && { ignoreDefaultArgs: KEEPS_AWAKE }),
    args: [
      '--no-sandbox',
      ...DRAWING[drawing],
      '--autoplay-policy=no-user-gesture-required',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
