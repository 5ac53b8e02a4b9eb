/**
 * BlurHash (the published algorithm of github.com/woltapp/blurhash, MIT): a picture as a few cosines, in a text short
 * enough for lists. Pure.
 */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~'
/** The format writes the number of cosines of each axis as 1 to 9. */
export const COMPONENTS_MAX = 9
/** Steps of each channel of a cosine, and of the largest of them. */
const STEPS = 19
const LARGEST_STEPS = 82
/** The range of the largest cosine: `(LARGEST_STEPS + 1) / LARGEST_UNIT` is all there can be. */
const LARGEST_UNIT = 166

type Rgb = [number, number, number]
/** `rgb`: three bytes a pixel, rows from the top. */
export type Pixels = { readonly rgb: Uint8Array; readonly width: number; readonly height: number }

function base83(value: number, digits: number): string {
  let text = ''
  for (let rest = value, i = 0; i < digits; i++, rest = Math.floor(rest / 83))
    text = (DIGITS[rest % 83] as string) + text
  return text
}

export const toLinear = (byte: number): number => {
  const v = byte / 255
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
}
export const toByte = (linear: number): number => {
  const v = Math.min(1, Math.max(0, linear))
  return Math.trunc((v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055) * 255 + 0.5)
}
const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => toLinear(byte))
const signedRoot = (v: number): number => Math.sign(v) * Math.sqrt(Math.abs(v))

/** `cosines[k][at]` of `length` places. */
const cosines = (count: number, length: number): Float64Array[] =>
  Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length }, (_unused, at) => Math.cos((Math.PI * k * at) / length)),
  )

function component({ rgb, width, height }: Pixels, across: Float64Array, down: Float64Array, scale: number): Rgb {
  let [r, g, b] = [0, 0, 0]
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const weight = (across[x] as number) * (down[y] as number)
      r += weight * (LINEAR[rgb[at] as number] as number)
      g += weight * (LINEAR[rgb[at + 1] as number] as number)
      b += weight * (LINEAR[rgb[at + 2] as number] as number)
    }
  }
  const share = scale / (width * height)
  return [r * share, g * share, b * share]
}

const meanText = ([r, g, b]: Rgb): string => base83((toByte(r) << 16) + (toByte(g) << 8) + toByte(b), 4)
function waveText([r, g, b]: Rgb, largest: number): string {
  const step = (v: number) => Math.floor(Math.max(0, Math.min(STEPS - 1, signedRoot(v / largest) * 9 + 9.5)))
  return base83(step(r) * STEPS * STEPS + step(g) * STEPS + step(b), 2)
}

/** The text of a picture of at least one pixel, `4 + 2 · across · down` characters. Cosines: 1 to {@link COMPONENTS_MAX}. */
export function blurhashOf(pixels: Pixels, cosinesOf: { across: number; down: number }): string {
  const [across, down] = [cosinesOf.across, cosinesOf.down].map((n) => Math.min(COMPONENTS_MAX, Math.max(1, n))) as [
    number,
    number,
  ]
  const rows = cosines(down, pixels.height)
  const columns = cosines(across, pixels.width)
  const waves = rows.flatMap((row, j) =>
    columns.map((column, i) => component(pixels, column, row, i === 0 && j === 0 ? 1 : 2)),
  )
  const [mean, ...rest] = waves as [Rgb, ...Rgb[]]
  const found = Math.max(0, ...rest.flat().map(Math.abs))
  const steps = Math.floor(Math.max(0, Math.min(LARGEST_STEPS, found * LARGEST_UNIT - 0.5)))
  const largest = rest.length > 0 ? (steps + 1) / LARGEST_UNIT : 1
  const head = base83(across - 1 + (down - 1) * 9, 1) + base83(rest.length > 0 ? steps : 0, 1) + meanText(mean)
  return head + rest.map((wave) => waveText(wave, largest)).join('')
}
