/** Draws what a BlurHash (github.com/woltapp/blurhash) says of a picture, until the picture is there. */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~'
/** Side of what is drawn; the browser makes it larger, softly. */
export const BLUR_PX = 16
const CHARS_MAX = 4 + 2 * 81

const numberOf = (text: string): number => {
  let value = 0
  for (const c of text) value = value * 83 + DIGITS.indexOf(c)
  return value
}
const toLinear = (byte: number): number => {
  const v = byte / 255
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
}
const toByte = (linear: number): number => {
  const v = Math.min(1, Math.max(0, linear))
  return Math.round((v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055) * 255)
}
const squared = (step: number, largest: number): number => Math.sign(step - 9) * ((step - 9) / 9) ** 2 * largest

type Wave = [number, number, number]
function wavesOf(hash: string): Wave[] {
  const largest = (numberOf(hash[1] as string) + 1) / 166
  const mean = numberOf(hash.slice(2, 6))
  const waves: Wave[] = [[toLinear(mean >> 16), toLinear((mean >> 8) & 255), toLinear(mean & 255)]]
  for (let at = 6; at < hash.length; at += 2) {
    const v = numberOf(hash.slice(at, at + 2))
    waves.push([
      squared(Math.floor(v / 361), largest),
      squared(Math.floor(v / 19) % 19, largest),
      squared(v % 19, largest),
    ])
  }
  return waves
}
const cosines = (count: number): number[][] =>
  Array.from({ length: count }, (_, k) =>
    Array.from({ length: BLUR_PX }, (_unused, at) => Math.cos((Math.PI * k * at) / BLUR_PX)),
  )

/** RGBA of `BLUR_PX` squared; null for what is no BlurHash. */
export function blurPixels(hash: string): Uint8ClampedArray<ArrayBuffer> | null {
  if (hash.length < 6 || hash.length > CHARS_MAX || [...hash].some((c) => !DIGITS.includes(c))) return null
  const size = numberOf(hash[0] as string)
  const [across, down] = [(size % 9) + 1, Math.floor(size / 9) + 1]
  if (hash.length !== 4 + 2 * across * down) return null
  const waves = wavesOf(hash)
  const [columns, rows] = [cosines(across), cosines(down)] as [number[][], number[][]]
  const rgba = new Uint8ClampedArray(BLUR_PX * BLUR_PX * 4)
  for (let y = 0, at = 0; y < BLUR_PX; y++)
    for (let x = 0; x < BLUR_PX; x++, at += 4) {
      const sum: Wave = [0, 0, 0]
      waves.forEach((wave, k) => {
        const weight = (columns[k % across]?.[x] ?? 0) * (rows[Math.floor(k / across)]?.[y] ?? 0)
        for (let c = 0; c < 3; c++) sum[c] = (sum[c] as number) + (wave[c] as number) * weight
      })
      rgba.set([toByte(sum[0]), toByte(sum[1]), toByte(sum[2]), 255], at)
    }
  return rgba
}

/** Puts the blur on a canvas of `BLUR_PX` squared. */
export const drawBlur =
  (hash: string) =>
  (canvas: HTMLCanvasElement): void => {
    const rgba = blurPixels(hash)
    if (rgba) canvas.getContext('2d')?.putImageData(new ImageData(rgba, BLUR_PX, BLUR_PX), 0, 0)
  }
