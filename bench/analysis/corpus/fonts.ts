/** Where the sounds come from: soundfonts of Debian, read only here, and who may hear which. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { midiOf } from './midi.ts'
import type { Note } from './score.ts'

export type Split = 'train' | 'dev' | 'held-out'

/** `splits`: training hears no soundfont of the held-out half, nor one made of the same recordings. */
export type Font = {
  name: string
  path: string
  splits: Split[]
  /** Where it has not all of General MIDI. */
  programs?: number[]
  velocityMax?: Record<number, number>
  drumsOnly?: boolean
  package: string
}

const SF2 = '/usr/share/sounds/sf2'
const SHARED = join(import.meta.dirname, '../../../../shared/assets')

export const FONTS: Font[] = [
  { name: 'FluidR3', path: `${SF2}/FluidR3_GM.sf2`, splits: ['train', 'dev'], package: 'fluid-soundfont-gm' },
  {
    name: 'MuseScore General',
    path: `${SF2}/MuseScore_General_Full.sf2`,
    splits: ['train', 'dev'],
    package: 'musescore-general-soundfont-lossless',
  },
  {
    name: 'general-23',
    path: join(SHARED, 'general-23.sf3'),
    splits: ['train', 'dev'],
    programs: [0, 4, 25, 30, 32, 33, 34, 38, 40, 42, 43, 44, 45, 46, 48, 49, 50, 62, 71, 73, 81, 89],
    // Its one layer of these ends there; above it they are silent.
    velocityMax: { 0: 60, 4: 60, 42: 60 },
    package: 'the shared assets',
  },
  { name: 'OPL3', path: `${SF2}/OPL-3_FM_128M.sf2`, splits: ['train'], package: 'opl3-soundfont' },
  { name: 'GMbank', path: `${SF2}/sf_GMbank.sf2`, splits: ['dev'], package: 'csound-soundfont' },
  { name: 'TimGM6mb', path: `${SF2}/TimGM6mb.sf2`, splits: ['held-out'], package: 'timgm6mb-soundfont' },
]

/** Recorded drum kits that take the place of a soundfont's own in some pieces; they have no small percussion. */
export const KIT_PITCHES = { from: 36, to: 54 }
export const KITS: Font[] = [
  {
    name: 'Black Pearl',
    path: `${SF2}/Black_Pearl_4_LV2.sf2`,
    splits: ['train', 'dev'],
    drumsOnly: true,
    package: 'avldrums.lv2-soundfont',
  },
  {
    name: 'Red Zeppelin',
    path: `${SF2}/Red_Zeppelin_4_LV2.sf2`,
    splits: ['held-out'],
    drumsOnly: true,
    package: 'avldrums.lv2-soundfont',
  },
]

export const SAMPLE_RATE = 44_100
const RENDER_TIMEOUT_MS = 120_000
const RENDER_BYTES_MAX = 1 << 28

let player: boolean | undefined
/** FluidSynth plays soundfonts; without it the pieces sound through `synth.ts` alone. */
export const hasPlayer = () => (player ??= spawnSync('fluidsynth', ['--version']).status === 0)
export const isThere = ({ path }: Font) => hasPlayer() && existsSync(path)

/** The nearest program that the font has, within the velocities that it has. */
const within = ({ programs, velocityMax = {} }: Font, note: Note): Note => {
  if (!programs || typeof note.program !== 'number') return note
  const wanted = note.program
  const program = programs.reduce((best, each) => (Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best))
  return { ...note, program, velocity: Math.min(note.velocity, velocityMax[program] ?? 127) }
}

/** Kits of their own have the drums where others have a piano. */
const asFont = (font: Font, notes: readonly Note[]) =>
  notes.map((note): Note => (font.drumsOnly ? { ...note, program: 0, durationSec: 1 } : within(font, note)))

/** Interleaved 16-bit stereo to mono float. */
const monoOf = (raw: Buffer) => {
  const samples = new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength))
  return Float32Array.from({ length: samples.length >> 1 }, (_, i) => (samples[2 * i]! + samples[2 * i + 1]!) / 65_536)
}

/** Mono at 44.1 kHz. `tuningCents` moves everything but drums; `kit` is the program of the drum channel. */
export const renderFont = (font: Font, notes: readonly Note[], tuningCents: number, kit: number): Float32Array => {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-bench-'))
  try {
    const midi = join(folder, 'piece.mid')
    writeFileSync(midi, midiOf(asFont(font, notes), font.drumsOnly ? 0 : tuningCents, kit))
    const lazy = font.path.endsWith('.sf2') ? 1 : 0
    const settings = ['synth.reverb.active=0', 'synth.chorus.active=0', `synth.dynamic-sample-loading=${lazy}`]
    const options = ['-ni', '-q', '-g', '0.5', '-r', String(SAMPLE_RATE), '-O', 's16', '-T', 'raw', '-F', '-']
    const run = spawnSync('fluidsynth', [...settings.flatMap((each) => ['-o', each]), ...options, font.path, midi], {
      timeout: RENDER_TIMEOUT_MS,
      maxBuffer: RENDER_BYTES_MAX,
    })
    if (run.status !== 0) throw new Error(`fluidsynth failed with ${font.name}: ${run.stderr.toString().slice(0, 300)}`)
    return monoOf(run.stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
