import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hueOf, oklch, paletteOf } from './palette.ts'

const luminance = ([r, g, b]: readonly [number, number, number]) => 0.2126 * r + 0.7152 * g + 0.0722 * b

void test('OKLCH and back gives the same hue', () => {
  for (let hue = 0; hue < 360; hue += 30) {
    const hex = `#${oklch(0.7, 0.1, hue)
      .map((x) =>
        Math.round(x * 255)
          .toString(16)
          .padStart(2, '0'),
      )
      .join('')}`
    const found = hueOf(hex)
    assert.ok(found && Math.abs(((found.hue - hue + 540) % 360) - 180) < 2, `${hue} came back as ${found?.hue}`)
  }
})

void test('every palette goes from a dark ground to a light highlight', () => {
  for (const color of ['#ff0000', '#00ff00', '#101010', '#ffffff', null, 'nonsense'])
    for (let hue = 0; hue < 360; hue += 45) {
      const [ground, low, high, light] = paletteOf(color, hue)
      assert.ok(luminance(ground) < 0.12 && luminance(light) > 0.75, `${color} ${hue}`)
      assert.ok(luminance(low) > luminance(ground) && luminance(high) < luminance(light))
    }
})
