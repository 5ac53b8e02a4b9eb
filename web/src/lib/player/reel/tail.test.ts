import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { goesOn, tailAfter, takeOver } from './tail.ts'
import type { Packet, Run } from './types.ts'

const LATE = 529
const packet = (samples: number, ...header: number[]): Packet => ({ data: Uint8Array.from(header), samples })
const runOf = (firstSample: number, count: number, endTrim: number | null, samples = 1152): Run => ({
  firstSample,
  endTrim,
  packets: Array.from({ length: count }, () => packet(samples)),
})
const endOf = ({ firstSample, packets }: { firstSample: number; packets: readonly Packet[] }): number =>
  packets.reduce((sum, p) => sum + p.samples, firstSample)

void describe('the end of MP3 music', () => {
  void it('the last packets are kept, however they came', () => {
    const whole = tailAfter(null, runOf(0, 40, 700))
    assert.equal(endOf(whole), 40 * 1152)
    assert.deepEqual(tailAfter(tailAfter(null, runOf(0, 37, null)), runOf(37 * 1152, 3, 700)), whole)
    const jumped = tailAfter(whole, runOf(100 * 1152, 2, null))
    assert.equal(jumped.firstSample, 100 * 1152)
    assert.equal(jumped.packets.length, 2)
  })

  void it('the sound takes over where the decoder still gives everything before it, and only where it has to', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * 1152 }), fc.constantFrom(1152, 576), (endTrim, each) => {
        const tail = tailAfter(null, runOf(each, 30, endTrim, each))
        const to = endOf(tail) - endTrim
        const left = (each - (to % each)) % each
        const place = takeOver(tail)
        if (left >= LATE) return assert.equal(place, null)
        assert.ok(place)
        assert.equal(place.to, to)
        assert.ok(each - (place.from % each) >= LATE, 'the packet in which the decoder is closed goes on long enough')
        assert.ok(place.from - tail.firstSample >= 8 * each, 'the decoder is warm by then')
        assert.ok(to - place.from <= 4 * each)
      }),
    )
  })

  void it('nothing takes over where the music is not at its end, or too short', () => {
    assert.equal(takeOver(tailAfter(null, runOf(0, 30, null))), null)
    assert.equal(takeOver(tailAfter(null, runOf(0, 2, 10))), null)
  })

  void it('a decoder goes on with the same rate and as many channels', () => {
    const tail = tailAfter(null, { ...runOf(0, 0, null), packets: [packet(1152, 0xff, 0xfb, 0x90, 0x44)] })
    const then = (...header: number[]) => goesOn(tail, { ...runOf(0, 0, null), packets: [packet(1152, ...header)] })
    assert.ok(then(0xff, 0xfb, 0xe0, 0x04), 'another bit rate')
    assert.ok(!then(0xff, 0xfb, 0x94, 0x44), '48 kHz')
    assert.ok(!then(0xff, 0xfb, 0x90, 0xc4), 'mono')
    assert.ok(!then(0xff, 0xf3, 0x90, 0x44), 'MPEG-2')
  })
})
