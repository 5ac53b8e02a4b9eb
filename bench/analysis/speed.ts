/** CPU time and memory of each system over the same compressed files, decoding included, with all it can describe. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, items } from './corpus.ts'
import { askAll, type SoundFile, type System } from './systems.ts'

const REAL_MUSIC = '/usr/share/games/wesnoth/1.16/data/core/music'
const FILES = 4
/** Long enough that starting up does not count. */
const FILE_BYTES_MIN = 1_000_000

const hashOfFile = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 24)

const realMusic = (): string[] =>
  existsSync(REAL_MUSIC)
    ? readdirSync(REAL_MUSIC)
        .sort()
        .map((name) => join(REAL_MUSIC, name))
        .filter((path) => path.endsWith('.ogg') && statSync(path).size > FILE_BYTES_MIN)
        .slice(0, FILES)
    : []

/** Where no real music is installed: pieces of the corpus as MP3 of 128 kbit/s. */
const madeMusic = (): string[] => {
  const folder = join(cacheFolder(), 'speed')
  mkdirSync(folder, { recursive: true })
  return items('dev', { styles: ['rock', 'swing', 'house', 'orchestra'], perStyle: 1 }).map((item) => {
    const path = join(folder, `${item.hash}.mp3`)
    if (existsSync(path)) return path
    const partial = `${path}.${process.pid}.mp3`
    spawnSync('ffmpeg', ['-v', 'error', '-i', item.wav(), '-b:a', '128k', partial])
    renameSync(partial, path)
    return path
  })
}

const durationOf = (path: string) => {
  const flags = ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path]
  return Number(spawnSync('ffprobe', flags, { encoding: 'utf8' }).stdout)
}

export type Speed = { audioSec: number; files: string[]; systems: { system: System; cpuSec: number; peakMb: number }[] }

export const measureSpeed = async (systems: { system: System; version: string }[]): Promise<Speed> => {
  const found = realMusic()
  const paths = found.length > 0 ? found : madeMusic()
  const files: SoundFile[] = paths.map((path) => ({ path, hash: hashOfFile(path) }))
  const told = await askAll(
    systems.filter(({ system }) => system !== 'plain'),
    files,
    'speed',
  )
  return {
    audioSec: paths.reduce((sum, path) => sum + durationOf(path), 0),
    files: paths.map((path) => path.split('/').at(-1)!),
    systems: told.map(({ system, lines }) => ({
      system,
      cpuSec: lines.reduce((sum, { cpuSec }) => sum + cpuSec, 0),
      peakMb: Math.max(...lines.map(({ peakMb }) => peakMb)),
    })),
  }
}

export const speedLines = ({ audioSec, files, systems }: Speed): string[] => [
  `speed: ${files.length} files, ${(audioSec / 60).toFixed(1)} minutes, stereo, compressed; CPU time with decoding, one core`,
  ...systems.map(({ system, cpuSec, peakMb }) => {
    const rate = `${(audioSec / cpuSec).toFixed(0)}× realtime`
    return `${system.padEnd(10)} ${rate.padStart(16)} ${peakMb.toFixed(0).padStart(6)} MB at most`
  }),
]
