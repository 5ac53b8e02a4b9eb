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

/** Bass, mid, treble and loudness of a steady sound at half strength. */
const heard = (gains?: { all: number; bass: number; treble: number }) => {
  const { signal, push } = makeSignal()
  const half = moment({ bands: new Uint8Array(BANDS).fill(100), loudness: 0.3, kick: true })
  for (let i = 0; i < 240; i++) push(half, 1 / 60, { calm: false, ...(gains ? { gains } : {}) })
  return signal
}

void describe('gains', () => {
  void it('raises the bands that were asked for and no others', () => {
    const [plain, bass, treble] = [
      heard(),
      heard({ all: 1, bass: 2, treble: 1 }),
      heard({ all: 1, bass: 1, treble: 2 }),
    ]
    assert.ok(bass.bass > 1.9 * plain.bass && bass.mid === plain.mid && bass.treble === plain.treble)
    assert.ok(treble.treble > 1.9 * plain.treble && treble.bass === plain.bass)
  })
  void it('stays within its bounds, and silent at none', () => {
    const most = heard({ all: 2, bass: 2, treble: 2 })
    for (const value of [most.bass, most.mid, most.treble, most.loudness, most.pulse]) assert.ok(value <= 1)
    const none = heard({ all: 0, bass: 1, treble: 1 })
    assert.deepEqual([none.bass, none.loudness, none.pulse], [0, 0, 0])
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
