import { ascii } from '#kernel/media/region/reader.ts'
import { boxAt, boxesIn } from './boxes.ts'

const NAME = 'iTunSMPB'
/** FFmpeg believes no more. */
const PRIMING_MAX = 16_384

/** Samples before the music that iTunes wrote down for want of an edit list; 0 without. */
export function primingSamples(moov: Uint8Array): number {
  for (const { name: outer, body: udta } of boxesIn(moov)) {
    const meta = outer === 'udta' ? boxAt(udta, 'meta') : undefined
    const list = meta && boxAt(meta.subarray(4), 'ilst')
    for (const { name, body } of list ? boxesIn(list) : []) {
      const label = name === '----' ? boxAt(body, 'name') : undefined
      if (!label || ascii(label, 4, NAME.length) !== NAME) continue
      const data = boxAt(body, 'data')
      return data ? secondNumber(ascii(data, 8, Math.min(60, data.length - 8))) : 0
    }
  }
  return 0
}

/** ` 00000000 00000840 000001CA …`: hexadecimal; the second is what stands before the music, the third after it. */
function secondNumber(text: string): number {
  const numbers = text.trim().split(/\s+/).slice(0, 4)
  const priming = Number.parseInt(numbers[1] ?? '', 16)
  return numbers.length === 4 && priming > 0 && priming < PRIMING_MAX ? priming : 0
}
