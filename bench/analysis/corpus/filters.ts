/** Second-order sections after the Audio EQ Cookbook (Bristow-Johnson), in place. */

type Kind = 'low shelf' | 'high shelf' | 'peak' | 'low pass' | 'high pass'

const coefficients = (kind: Kind, hz: number, sampleRate: number, gainDb: number, q: number) => {
  const a = 10 ** (gainDb / 40)
  const w = (2 * Math.PI * Math.min(hz, 0.45 * sampleRate)) / sampleRate
  const cos = Math.cos(w)
  const alpha = Math.sin(w) / (2 * q)
  const s = 2 * Math.sqrt(a) * alpha
  if (kind === 'peak') return [1 + alpha * a, -2 * cos, 1 - alpha * a, 1 + alpha / a, -2 * cos, 1 - alpha / a]
  if (kind === 'low pass') return [(1 - cos) / 2, 1 - cos, (1 - cos) / 2, 1 + alpha, -2 * cos, 1 - alpha]
  if (kind === 'high pass') return [(1 + cos) / 2, -1 - cos, (1 + cos) / 2, 1 + alpha, -2 * cos, 1 - alpha]
  const c = kind === 'low shelf' ? cos : -cos
  const sign = kind === 'low shelf' ? 1 : -1
  return [
    a * (a + 1 - (a - 1) * c + s),
    sign * 2 * a * (a - 1 - (a + 1) * c),
    a * (a + 1 - (a - 1) * c - s),
    a + 1 + (a - 1) * c + s,
    sign * -2 * (a - 1 + (a + 1) * c),
    a + 1 + (a - 1) * c - s,
  ]
}

export const filter = (x: Float32Array, kind: Kind, hz: number, sampleRate: number, gainDb = 0, q = Math.SQRT1_2) => {
  const [b0, b1, b2, a0, a1, a2] = coefficients(kind, hz, sampleRate, gainDb, q) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  for (let i = 0, s1 = 0, s2 = 0; i < x.length; i++) {
    const input = x[i]!
    const y = (b0 * input) / a0 + s1
    s1 = (b1 * input - a1 * y) / a0 + s2
    s2 = (b2 * input - a2 * y) / a0
    x[i] = y
  }
}
