/** Linear-light-ish RGB, each 0..1. */
export type Rgb = readonly [number, number, number]
/** Ground, two voices and a highlight. */
export type Palette = readonly [ground: Rgb, low: Rgb, high: Rgb, light: Rgb]

const clamp = (x: number) => Math.min(1, Math.max(0, x))

const toSrgb = (x: number) => clamp(x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055)

/** OKLCH to sRGB (Ottosson 2020), clamped into gamut. `hue` in degrees. */
export function oklch(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180)
  const b = chroma * Math.sin((hue * Math.PI) / 180)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    toSrgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toSrgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toSrgb(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

/** Hue (degrees) and chroma of `#rrggbb`; null for anything else. */
export function hueOf(hex: string): { hue: number; chroma: number } | null {
  if (!/^#[0-9a-f]{6}$/i.test(hex)) return null
  const [r, g, b] = [1, 3, 5].map((i) => {
    const x = Number.parseInt(hex.slice(i, i + 2), 16) / 255
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  const oa = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s
  const ob = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s
  return { hue: ((Math.atan2(ob, oa) * 180) / Math.PI + 360) % 360, chroma: Math.hypot(oa, ob) }
}

/** How far the second voice stands from the first on the colour wheel, and the light from both. */
const SECOND_DEG = 62
const LIGHT_DEG = 24

/** Colours for a song from its cover's colour, else from a hue of its own; grey covers get a hint of that hue. */
export function paletteOf(coverColor: string | null, ownHue: number): Palette {
  const cover = coverColor ? hueOf(coverColor) : null
  const isGrey = !cover || cover.chroma < 0.025
  const hue = isGrey ? ownHue : cover.hue
  const chroma = isGrey && cover ? 0.07 : 0.15
  return [
    oklch(0.15, chroma * 0.28, hue + 20),
    oklch(0.62, chroma, hue),
    oklch(0.7, chroma * 0.95, hue + SECOND_DEG),
    oklch(0.93, chroma * 0.4, hue + LIGHT_DEG),
  ]
}
