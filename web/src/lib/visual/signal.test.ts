import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BANDS, makeClock, makeSignal, type Moment } from './signal.ts'

const moment = (more: Partial<Moment> = {}): Moment => ({
  bands: new Uint8Array(BANDS).fill(255),
  bandScale: 255,
  loudness: 0.8,
  kick: false,
  beatPhase: 0,
  barPhase: 0,
  section: 0,
  ...more,
})

/** Rises of the pulse over a second in which every frame claims a drum hit. */
function pulsesIn(seconds: number, fps: number, calm = false): number {
  const { signal, push } = makeSignal()
  let rising = false
  let count = 0
  for (let i = 0; i < seconds * fps; i++) {
    const before = signal.pulse
    push(moment({ kick: true }), 1 / fps, { calm })
    if (!rising && signal.pulse > before + 0.02) count += 1
    rising = signal.pulse > before
  }
  return count
}

/** Where a fifth of a second of loud music leads at a frame rate. */
const after = (fps: number) => {
  const { signal, push } = makeSignal()
  for (let i = 0; i < fps / 5; i++) push(moment(), 1 / fps, { calm: false })
  return [signal.loudness, signal.bass, signal.flow]
}

void describe('signal', () => {
  void it('never pulses more than three times a second, whatever the drums do', () => {
    for (const fps of [30, 60, 144]) {
      const pulses = pulsesIn(10, fps)
      assert.ok(pulses <= 31 && pulses >= 20, `${pulses} pulses in ten seconds at ${fps} fps`)
    }
  })
  void it('does not pulse at all for those who asked for less motion', () => assert.equal(pulsesIn(5, 60, true), 0))

  void it('comes to the same place at any frame rate', () => {
    const [slow, fast] = [after(30), after(120)]
    for (const [i, value] of slow.entries()) assert.ok(Math.abs(value - (fast[i] ?? 0)) < 0.02, `${value} ${fast[i]}`)
  })
  void it('takes a hidden tab’s long step as a short one', () => {
    const { signal, push } = makeSignal()
    push(moment(), 60, { calm: false })
    assert.ok(signal.flow < 0.2)
  })
})

void describe('clock', () => {
  void it('runs evenly over a coarse clock and stays with it', () => {
    const clock = makeClock()
    let before = clock(10, 0, { running: false })
    for (let i = 1; i < 600; i++) {
      const heard = 10 + Math.floor((i / 60) * 20) / 20
      const sec = clock(heard, 1 / 60, { running: true })
      assert.ok(sec > before && sec - before < 0.03, `step of ${sec - before}`)
      assert.ok(Math.abs(sec - (10 + i / 60)) < 0.06)
      before = sec
    }
  })
  void it('jumps with a seek and stands still in a pause', () => {
    const clock = makeClock()
    clock(10, 0.016, { running: true })
    assert.equal(clock(99, 0.016, { running: true }), 99)
    assert.equal(clock(50, 1, { running: false }), 50)
  })
})
