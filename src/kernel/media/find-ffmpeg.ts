import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unavailable } from '#kernel/errors.ts'
import { ENCODER_NAME } from './ffmpeg-args.ts'
import type { Codec, MediaSettings } from './types.ts'

const CHECK_TIMEOUT_MS = 10_000
const run = promisify(execFile)
const CODECS = Object.keys(ENCODER_NAME) as Codec[]
/** What the WebAssembly build encodes without crashing (its libopus does not). */
const WASM_CODECS: Codec[] = ['mp3', 'aac', 'flac', 'wav']
const WASM_WORKER = fileURLToPath(new URL('./children/ffmpeg-wasm.ts', import.meta.url))

export const NO_FFMPEG: MediaSettings = { driver: 'none', command: '', prefixArgs: [], version: '', encoders: [] }

function onPath(): string | undefined {
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg'
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** Asks a binary for its version and encoders; undefined when it does not answer as FFmpeg does. */
async function inspect(command: string): Promise<MediaSettings | undefined> {
  try {
    // The banner goes to standard error: asked for apart, it would be another start of a program of 200 libraries.
    const { stdout, stderr } = await run(command, ['-encoders'], { timeout: CHECK_TIMEOUT_MS, env: {} })
    const number = /^ffmpeg version (\S+)/m.exec(stderr)?.[1]
    if (!number) return undefined
    const names = new Set(Array.from(stdout.matchAll(/^ A\S{5} (\S+)/gm), (match) => match[1]))
    const encoders = CODECS.filter((codec) => names.has(ENCODER_NAME[codec]))
    return { driver: 'native', command, prefixArgs: [], version: number, encoders }
  } catch {
    return undefined
  }
}

/** The FFmpeg named in the configuration, else the one on the path; undefined when there is none. */
export async function findNative(ffmpegBin?: string): Promise<MediaSettings | undefined> {
  const command = ffmpegBin ?? onPath()
  const settings = command ? await inspect(command) : undefined
  if (ffmpegBin && !settings)
    throw unavailable(
      'ffmpeg_bin_invalid',
      `FFMPEG_BIN names ${ffmpegBin}, which does not answer as FFmpeg: mend or unset it.`,
    )
  return settings
}

/** The WebAssembly FFmpeg, when its optional package is installed. Nothing of it is loaded here. */
export function findWasm(): MediaSettings | undefined {
  try {
    const script = fileURLToPath(import.meta.resolve('@ffmpeg/core'))
    accessSync(fileURLToPath(import.meta.resolve('@ffmpeg/core/wasm')))
    const { version } = JSON.parse(readFileSync(join(script, '../../../package.json'), 'utf8')) as { version: string }
    const prefixArgs = ['--max-old-space-size=128', '--no-warnings', WASM_WORKER]
    return { driver: 'wasm', command: process.execPath, prefixArgs, version, encoders: WASM_CODECS }
  } catch {
    return undefined
  }
}

/** `driver` forces one (tests, comparisons); else native, then WebAssembly, then none. */
export async function findFfmpeg(o: {
  ffmpegBin?: string | undefined
  driver?: MediaSettings['driver'] | undefined
}): Promise<MediaSettings> {
  const native = o.driver === undefined || o.driver === 'native' ? await findNative(o.ffmpegBin) : undefined
  const wasm = o.driver === undefined || o.driver === 'wasm' ? findWasm() : undefined
  return native ?? wasm ?? NO_FFMPEG
}
