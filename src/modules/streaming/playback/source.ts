/** A kind of file as players think of it. `wav` stands for bare PCM, too, in whatever container it comes. */
export type Kind = { readonly container: string; readonly codec: string }
export type Described = Kind & { readonly lossless: boolean }

const PCM = /^(?:pcm|wav$|ieee|aiff|sowt|twos|none|in24|in32|fl32|fl64)/
const LOSSLESS: ReadonlySet<string> = new Set(['flac', 'alac', 'pcm', 'wavpack', 'ape', 'dsd', 'tta'])

/** A file of the catalogue in the words of this folder. */
export function describeSource(file: Kind): Described {
  const named = file.codec.toLowerCase()
  const codec = PCM.test(named) ? 'pcm' : named.startsWith('dsd') ? 'dsd' : named
  return { container: file.container.toLowerCase(), codec, lossless: LOSSLESS.has(codec) }
}
