import type { Palette, Rgb } from './palette.ts'
import { BANDS, type Signal } from './signal.ts'

const css = ([r, g, b]: Rgb, alpha: number) => `rgb(${r * 255} ${g * 255} ${b * 255} / ${alpha})`

/** The spectrum on a plain canvas: for browsers without WebGL2. */
export function drawPlain(canvas: HTMLCanvasElement, signal: Signal, palette: Palette): void {
  const context = canvas.getContext('2d')
  if (!context) return
  const { clientWidth: width, clientHeight: height } = canvas
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  context.fillStyle = css(palette[0], 0.25)
  context.fillRect(0, 0, width, height)
  const step = (width * 0.8) / BANDS
  for (let i = 0; i < BANDS; i++) {
    const level = (signal.bands[i] ?? 0) / 255
    const high = Math.max(4, level ** 1.5 * height * 0.55)
    context.fillStyle = css(i < BANDS / 2 ? palette[1] : palette[2], 0.35 + 0.6 * level)
    context.beginPath()
    context.roundRect(width * 0.1 + i * step + step * 0.2, (height - high) / 2, step * 0.6, high, step * 0.3)
    context.fill()
  }
}
