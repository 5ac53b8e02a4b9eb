import { ascii } from '#kernel/media/region/reader.ts'
import { boxAt, boxesIn } from './boxes.ts'

const NAME = 'iTunSMPB'
/** FFmpeg believes no more. */
const PRIMING_MAX = 16_384

/** Samples before the music that iTunes wrote down for want of an edit list; 0 without. */
export function primingSamples(moov: Uint8Array): number {
  const [, priming] = numbersOf(moov)
  return priming && priming < PRIMING_MAX ? priming : 0
}

/** Samples of the music between what stands before and after it; undefined where nothing says so. */
export function playedSamples(moov: Uint8Array): number | undefined {
  const [, priming, , played] = numbersOf(moov)
  return priming && priming < PRIMING_MAX && played ? played : undefined
}

/** ` 00000000 00000840 000001CA 000000000046E8B6 …`: nothing, samples before the music, after it, and of it. */
function numbersOf(moov: Uint8Array): number[] {
  for (const { name: outer, body: udta } of boxesIn(moov)) {
    const meta = outer === 'udta' ? boxAt(udta, 'meta') : undefined
    const list = meta && boxAt(meta.subarray(4), 'ilst')
    for (const { name, body } of list ? boxesIn(list) : []) {
      const label = name === '----' ? boxAt(body, 'name') : undefined
      if (!label || ascii(label, 4, NAME.length) !== NAME) continue
      const data = boxAt(body, 'data')
      const words = data
        ? ascii(data, 8, Math.min(60, data.length - 8))
            .trim()
            .split(/\s+/)
        : []
      return words.length >= 4 ? words.map((word) => Number.parseInt(word, 16)) : []
    }
  }
  return []
}
