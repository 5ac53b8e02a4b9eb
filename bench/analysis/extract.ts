/** Streaming features of every corpus piece, kept beside the sound so that training again takes seconds. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FftKit } from '#engines/audio/fft.ts'
import { createMeters } from '#engines/audio/meters.ts'
import { cacheFolder, type Item, type Truth } from './corpus.ts'

export type Extract = {
  id: string
  group: string
  split: Item['split']
  truth: Truth
  flux: Float32Array
  chroma: Float32Array
  fine: Float32Array
}

const BLOCK = 4410

const bytesOf = (array: Float32Array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)

const load = (base: string, item: Item): Extract => {
  const raw = readFileSync(`${base}.f32`)
  const all = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength))
  const [flux, chroma] = JSON.parse(readFileSync(`${base}.json`, 'utf8')) as [number, number]
  return {
    id: item.id,
    group: item.style,
    split: item.split,
    truth: item.truth,
    flux: all.subarray(0, flux),
    chroma: all.subarray(flux, flux + chroma),
    fine: all.subarray(flux + chroma),
  }
}

/** Delete the folder after changing the flux or the chroma. */
export const extract = (item: Item, fft: FftKit): Extract => {
  const folder = join(cacheFolder(), 'features')
  mkdirSync(folder, { recursive: true })
  const base = join(folder, item.hash)
  if (!existsSync(`${base}.json`)) {
    const audio = item.audio()
    const meters = createMeters(fft, fft.kernels(), 44_100, 1, BLOCK, 60)
    for (let at = 0; at + BLOCK <= audio.length; at += BLOCK) {
      meters.spectra.push(audio.subarray(at, at + BLOCK))
      meters.chroma.push(audio.subarray(at, at + BLOCK))
    }
    meters.spectra.finish()
    const { fine, frames } = meters.chroma.finish()
    const flux = meters.flux.flux.view()
    writeFileSync(`${base}.f32`, Buffer.concat([flux, frames, Float32Array.from(fine)].map(bytesOf)))
    writeFileSync(`${base}.json`, JSON.stringify([flux.length, frames.length]))
  }
  return load(base, item)
}
