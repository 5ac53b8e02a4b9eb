import type { Profile } from '../../profiles.ts'

/** What packets can be copied into: one file of a container, or segments of fragmented MP4. */
export const COPY_CONTAINERS = ['mp4', 'ogg', 'flac'] as const
export type CopyContainer = (typeof COPY_CONTAINERS)[number]
export type CopyTarget = CopyContainer | 'hls'

const profile = (name: string, codec: Profile['codec']): Profile => ({ name, codec, kbps: undefined, gainDb: 0 })
export const COPY_PROFILES: Readonly<Record<CopyTarget, Profile>> = {
  hls: profile('copy-aac', 'aac'),
  mp4: profile('copy-mp4', 'aac'),
  ogg: profile('copy-ogg', 'opus'),
  flac: profile('copy-flac', 'flac'),
}

/**
 * By container and codec of a file. MP4 is not unpacked to ADTS, which cannot say where the music begins; ALAC is played
 * by those alone who play it in MP4; FLAC as HLS is made to the bit anyway.
 */
const TARGETS: Readonly<Record<string, readonly CopyTarget[]>> = {
  'aac/aac': ['mp4', 'hls'],
  'mp4/aac': ['hls'],
  'matroska/opus': ['ogg'],
  'matroska/flac': ['flac'],
  'ogg/flac': ['flac'],
}

/** What a file of this kind can be copied into, if nothing in it stands against it. */
export const copyTargets = ({ container, codec }: { readonly container: string; readonly codec: string }) =>
  TARGETS[`${container}/${codec}`] ?? []
