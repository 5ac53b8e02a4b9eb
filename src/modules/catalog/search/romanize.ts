import anyAscii from 'any-ascii'

const YOON = /([きしちにひみりぎじぢびぴキシチニヒミリギジヂビピ])([ゃゅょャュョ])/g
const SMALL = /([\p{Script=Hiragana}\p{Script=Katakana}])([ァィゥェォぁぃぅぇぉ])/gu
const DOUBLED = /[っッ]([\p{Script=Hiragana}\p{Script=Katakana}])/gu

/** `きゃ` -> `kya`, `しょ` -> `sho`: the vowel of the first gives way. */
function yoon(first: string, second: string): string {
  const base = anyAscii(first).slice(0, -1)
  const vowel = anyAscii(second).slice(-1)
  return /(?:sh|ch|j)$/.test(base) ? base + vowel : `${base}y${vowel}`
}
/** `ティ` -> `ti`, `ファ` -> `fa`. */
const withSmall = (first: string, second: string): string => anyAscii(first).slice(0, -1) + anyAscii(second).slice(-1)

/** Hepburn, without marks of length: any-ascii reads each character by itself, but some of kana belong together. */
const kana = (text: string): string =>
  text
    .replace(YOON, (_, a: string, b: string) => yoon(a, b))
    .replace(SMALL, (_, a: string, b: string) => withSmall(a, b))
    .replace(DOUBLED, (_, next: string) => anyAscii(next).charAt(0) + next)

/** Letters that only Ukrainian has tell how the others of the word are read: `Київ` -> `kyiv`, not `kiiv`. */
const ukrainian = (word: string): string =>
  /[іїєґ]/.test(word)
    ? word
        .replaceAll('и', 'y')
        .replaceAll('г', 'h')
        .replaceAll('ґ', 'g')
        .replace(/(?<=\p{L})ї/gu, 'i')
    : word

/** Two Greek letters that are one sound: `Ζορμπάς` -> `zorbas`, `του` -> `tou`. */
const greek = (word: string): string =>
  word.replaceAll('μπ', 'b').replace(/^ντ/, 'd').replace(/^γκ/, 'g').replace(/ο[υύ]/g, 'ou')

/**
 * A word of another script in small Latin letters and digits, as its script is commonly written so; empty when nothing
 * is known of it. Han characters are read as Chinese, also in Japanese names; vowels that a script leaves out
 * (Arabic, Hebrew) stay out.
 */
export const romanize = (word: string): string =>
  anyAscii(kana(greek(ukrainian(word.normalize('NFC').toLowerCase()))))
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
