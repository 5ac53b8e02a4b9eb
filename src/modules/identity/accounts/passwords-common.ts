import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** 49 000 passwords from breaches, the most used first, in lower case (MIT, of the zxcvbn-ts project). */
const SOURCE = '@zxcvbn-ts/language-common/src/passwords.json'
/** Shorter ones are no words that somebody would build on. */
const LENGTH_MIN = 4

/** Sorted. 8 bytes a password, 0.4 MB in all, where a set of the words takes ten times as much. */
let marks: Float64Array | undefined

/** Whether this is one of the passwords that are tried first; lower case is expected. The first call reads the list. */
export function isCommon(word: string): boolean {
  if (word.length < LENGTH_MIN) return false
  marks ??= readMarks()
  return holds(marks, markOf(word))
}

function readMarks(): Float64Array {
  const file = createRequire(import.meta.url).resolve(SOURCE)
  const words = (JSON.parse(readFileSync(file, 'utf8')) as string[]).filter((word) => word.length >= LENGTH_MIN)
  return Float64Array.from(words, markOf).sort()
}

/**
 * 53 bits of a word (cyrb53, public domain). That a word which is not in the list has the mark of one that is happens
 * once in 10¹¹ words; who chooses it chooses another.
 */
function markOf(word: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < word.length; i++) {
    const unit = word.charCodeAt(i)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}

function holds(sorted: Float64Array, mark: number): boolean {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >>> 1
    const found = sorted[middle] as number
    if (found === mark) return true
    if (found < mark) from = middle + 1
    else to = middle
  }
  return false
}
