/** A few colours of a picture that go with it, and are safe to write in. Pure; colours are judged in OKLab. */
import type { Palette } from '#kernel/media/types.ts'
import { toByte, toLinear } from './blurhash.ts'

/** WCAG 2.2 AA for text of any size. */
export const CONTRAST_MIN = 4.5

type Rgb = readonly [number, number, number]
/** OKLab: `l` 0..1, and a point on the plane of colours. */
type Lab = { readonly l: number; readonly a: number; readonly b: number }
type Swatch = { readonly rgb: Rgb; readonly lab: Lab; readonly chroma: number; readonly share: number }

export const hexOf = (rgb: Rgb): string =>
  `#${rgb
    .map((part) =>
      Math.round(Math.min(255, Math.max(0, part)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
export const rgbOf = (hex: string): Rgb =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb

const luminance = ([r, g, b]: Rgb): number => 0.2126 * toLinear(r) + 0.7152 * toLinear(g) + 0.0722 * toLinear(b)
/** WCAG: 1 (the same) to 21 (black and white). */
export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(rgbOf(a)), luminance(rgbOf(b))].sort((x, y) => x - y) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

/** After Björn Ottosson's OKLab. */
function labOf([red, green, blue]: Rgb): Lab {
  const [r, g, b] = [toLinear(red), toLinear(green), toLinear(blue)]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return {
    l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    a: 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    b: 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  }
}
function rgbOfLab({ l: light, a, b }: Lab): Rgb {
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    toByte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toByte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toByte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

/** Pixels of alike colour count as one swatch: four bits of each channel. */
const BIN_SHIFT = 4
const binOf = (r: number, g: number, b: number): number =>
  ((r >> BIN_SHIFT) << 8) | ((g >> BIN_SHIFT) << 4) | (b >> BIN_SHIFT)

function swatchesOf(rgb: Uint8Array): Swatch[] {
  const sums = new Map<number, [number, number, number, number]>()
  for (let at = 0; at + 2 < rgb.length; at += 3) {
    const [r, g, b] = [rgb[at] as number, rgb[at + 1] as number, rgb[at + 2] as number]
    const bin = binOf(r, g, b)
    const sum = sums.get(bin) ?? [0, 0, 0, 0]
    sums.set(bin, [sum[0] + r, sum[1] + g, sum[2] + b, sum[3] + 1])
  }
  const all = Math.floor(rgb.length / 3)
  return [...sums.values()].map(([r, g, b, count]) => {
    const mean: Rgb = [r / count, g / count, b / count]
    const lab = labOf(mean)
    return { rgb: mean, lab, chroma: Math.hypot(lab.a, lab.b), share: count / all }
  })
}

/** Distance in OKLab below which two swatches are one colour to the eye. */
const ALIKE = 0.09
const distance = (x: Lab, y: Lab): number => Math.hypot(x.l - y.l, x.a - y.a, x.b - y.b)
/** Swatches that a crowd can gather round: beyond these, shares are too small to matter. */
const CENTRES_MAX = 64

/** The mean of the colours round the swatch that has the most of the picture near it. */
function dominantOf(swatches: readonly Swatch[]): Lab {
  const near = (centre: Swatch) => swatches.filter((s) => distance(s.lab, centre.lab) <= ALIKE)
  const shareOf = (some: readonly Swatch[]) => some.reduce((sum, s) => sum + s.share, 0)
  const centres = swatches.toSorted((x, y) => y.share - x.share).slice(0, CENTRES_MAX)
  const crowd = centres.map(near).reduce((best, some) => (shareOf(some) > shareOf(best) ? some : best))
  const total = shareOf(crowd)
  const mean = (pick: (lab: Lab) => number) => crowd.reduce((sum, s) => sum + pick(s.lab) * s.share, 0) / total
  return { l: mean((c) => c.l), a: mean((c) => c.a), b: mean((c) => c.b) }
}

/** Less colour than this is grey. */
const GREY_CHROMA = 0.04
/** Less of the picture than this is a speck. */
const SHARE_MIN = 0.004
/** Strong and neither near black nor white, with more weight where there is more of it. */
function vibrantOf(swatches: readonly Swatch[]): Lab | undefined {
  const score = ({ chroma, share, lab }: Swatch): number =>
    chroma ** 1.5 * share ** 0.35 * Math.max(0.05, 1 - Math.abs(lab.l - 0.65) * 1.6)
  const strong = swatches.filter((s) => s.chroma >= GREY_CHROMA && s.share >= SHARE_MIN)
  return strong.toSorted((x, y) => score(y) - score(x))[0]?.lab
}

/** Grounds keep a hint of the colour: a full one would tire the eye. */
const GROUND_CHROMA_MAX = 0.07
const DARK_L = { from: 0.16, to: 0.3 }
const LIGHT_L = { from: 0.88, to: 0.96 }
function ground(lab: Lab, { from, to }: { from: number; to: number }): Lab {
  const chroma = Math.hypot(lab.a, lab.b)
  const keep = chroma > GROUND_CHROMA_MAX ? GROUND_CHROMA_MAX / chroma : 1
  return { l: Math.min(to, Math.max(from, lab.l)), a: lab.a * keep, b: lab.b * keep }
}
/** What there is most of at the dark or light end, else the dominant colour moved there. */
function endOf(swatches: readonly Swatch[], dominant: Lab, isThere: (l: number) => boolean): Lab {
  const there = swatches.filter((s) => isThere(s.lab.l) && s.share >= SHARE_MIN)
  return there.toSorted((x, y) => y.share - x.share)[0]?.lab ?? dominant
}

const hexOfLab = (lab: Lab): string => hexOf(rgbOfLab(lab))
/** Whichever of both can be read on `on`, else white or black: of those, one always can. */
function readable(on: string, either: readonly [string, string]): string {
  const most = (colours: readonly string[]) =>
    colours.toSorted((x, y) => contrast(on, y) - contrast(on, x))[0] as string
  const best = most(either)
  return contrast(on, best) >= CONTRAST_MIN ? best : most(['#ffffff', '#000000'])
}

/** The palette of a picture; `rgb`: three bytes a pixel, at least one pixel. */
export function paletteOf(rgb: Uint8Array): Palette {
  const swatches = swatchesOf(rgb)
  const main = dominantOf(swatches)
  const dominant = hexOfLab(main)
  const dark = hexOfLab(
    ground(
      endOf(swatches, main, (l) => l < 0.4),
      DARK_L,
    ),
  )
  const light = hexOfLab(
    ground(
      endOf(swatches, main, (l) => l > 0.8),
      LIGHT_L,
    ),
  )
  const vivid = vibrantOf(swatches)
  return { dominant, vibrant: vivid ? hexOfLab(vivid) : dominant, dark, light, text: readable(dominant, [light, dark]) }
}
