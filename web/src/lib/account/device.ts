import type { IconName } from '#lib/ui/icons.ts'

export type Device = { name: string; icon: IconName }

/** First fit wins: browsers name the ones they descend from too. */
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdgA?\/|\bEdgiOS\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\/|\bChromium\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const SYSTEMS: readonly [RegExp, string, IconName][] = [
  [/\biPhone\b|\biPod\b/, 'iPhone', 'phone'],
  [/\biPad\b/, 'iPad', 'tablet'],
  [/\bAndroid\b.*\bMobile\b/, 'Android', 'phone'],
  [/\bAndroid\b/, 'Android', 'tablet'],
  [/\bWindows\b/, 'Windows', 'desktop'],
  [/\bCrOS\b/, 'ChromeOS', 'desktop'],
  [/\bMacintosh\b|\bMac OS X\b/, 'macOS', 'desktop'],
  [/\bLinux\b|\bX11\b/, 'Linux', 'desktop'],
]
const PRODUCT_LENGTH_MAX = 40

/** What a user agent says of itself: `Firefox on Windows`, `curl 8.5.0`, a picture that fits. */
export function deviceOf(userAgent: string | null): Device {
  if (!userAgent?.trim()) return { name: 'Unknown device', icon: 'terminal' }
  const browser = BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1]
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))
  if (browser && system) return { name: `${browser} on ${system[1]}`, icon: system[2] }
  // Apps and scripts begin with their own name: `Symfonium/9.1`, `curl/8.5.0`, `node`.
  const product = (userAgent.split(/[\s(;]/)[0] ?? '').replace('/', ' ').slice(0, PRODUCT_LENGTH_MAX)
  if (product === '' || product.startsWith('Mozilla'))
    return { name: browser ?? system?.[1] ?? 'Unknown device', icon: system?.[2] ?? 'terminal' }
  return { name: system ? `${product} on ${system[1]}` : product, icon: system?.[2] ?? 'terminal' }
}
