import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { AHEAD_SEC, backOffMs, goalSec, nextAct, readBytes, runTimes, STANDBY_SEC, trimTo, type View } from './plan.ts'

const view = (v: Partial<View> & { appendedSec?: number; isDone?: boolean; bytesPerSec?: number } = {}): View => ({
  nowSec: 0,
  bufferedFromSec: 0,
  hasNext: false,
  isEnded: false,
  isFilling: true,
  isStandby: false,
  reading: { appendedSec: v.appendedSec ?? 0, isDone: v.isDone ?? false, bytesPerSec: v.bytesPerSec ?? 40_000 },
  ...v,
})

void describe('what the reel does next', () => {
  void it('reads until enough lies ready, then rests until it has shrunk', () => {
    assert.equal(nextAct(view()), 'read')
    assert.equal(nextAct(view({ appendedSec: AHEAD_SEC })), 'rest')
    assert.equal(nextAct(view({ appendedSec: AHEAD_SEC - 1, isFilling: false })), 'rest')
    assert.equal(nextAct(view({ appendedSec: AHEAD_SEC / 2, isFilling: false })), 'read')
  })
  void it('begins the next take as soon as the last one lies whole, and says when nothing follows', () => {
    assert.equal(nextAct(view({ isDone: true, appendedSec: 10, hasNext: true })), 'begin')
    assert.equal(nextAct(view({ isDone: true, appendedSec: 100, hasNext: true })), 'rest')
    assert.equal(nextAct(view({ isDone: true })), 'finish')
    assert.equal(nextAct(view({ isDone: true, isEnded: true })), 'rest')
    assert.equal(nextAct(view({ isDone: true, isEnded: true, hasNext: true })), 'begin')
  })
  void it('lets go of what was heard', () => {
    assert.equal(nextAct(view({ nowSec: 60, bufferedFromSec: 0, appendedSec: 100 })), 'trim')
    assert.equal(nextAct(view({ nowSec: 60, bufferedFromSec: trimTo(60), appendedSec: 100 })), 'rest')
  })
  void it('a deck that stands by holds less', () => {
    assert.equal(nextAct(view({ isStandby: true, appendedSec: STANDBY_SEC })), 'rest')
  })

  void it('three hours of any bit rate: what is held stays bounded, and the sound never runs dry', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4000, max: 1_200_000 }), (bytesPerSec) => {
        const lengthSec = 3 * 3600
        let [now, from, to, filling] = [0, 0, 0, true]
        for (let steps = 0; now < lengthSec - 1; steps++) {
          assert.ok(steps < 50_000, 'comes to an end')
          const isDone = to >= lengthSec
          const act = nextAct(
            view({
              nowSec: now,
              bufferedFromSec: from,
              isFilling: filling,
              isEnded: isDone,
              appendedSec: to,
              isDone,
              bytesPerSec,
            }),
          )
          filling = act === 'read'
          if (act === 'read') to = Math.min(lengthSec, to + readBytes(bytesPerSec, to === 0) / bytesPerSec)
          else if (act === 'trim') from = trimTo(now)
          else now = Math.min(now + 1, to)
          assert.ok(to > now || isDone || act !== 'rest', 'never rests with nothing ready')
          const heldBytes = (to - from) * bytesPerSec
          const heldMax = Math.max(5 * 1024 * 1024, 6 * bytesPerSec) + 2 * 1024 * 1024 + 21 * bytesPerSec + 65_536
          assert.ok(heldBytes <= heldMax, `${heldBytes} bytes held at ${bytesPerSec}`)
        }
      }),
      { numRuns: 20 },
    )
  })
})

void describe('sizes and times', () => {
  void it('reads are bounded and the first is small', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000_000 }), (rate) => {
        assert.ok(readBytes(rate, true) <= readBytes(rate, false))
        assert.ok(readBytes(rate, false) <= 2 * 1024 * 1024 && readBytes(rate, true) >= 64 * 1024)
        const goal = goalSec({ isStandby: false, reading: { appendedSec: 0, isDone: false, bytesPerSec: rate } })
        assert.ok(goal >= 6 && goal <= AHEAD_SEC)
      }),
    )
  })
  void it('a take begins where its music does and ends where it ends', () => {
    const take = { startSec: 100, delay: 1105, rateHz: 44_100 }
    const first = runTimes(take, { firstSample: 0, samples: 1152 * 10, endTrim: null })
    assert.ok(Math.abs(first.offsetSec + 1105 / 44_100 - 100) < 1e-9)
    assert.equal(first.endSec, null)
    const last = runTimes(take, { firstSample: 1152 * 10, samples: 1152, endTrim: 700 })
    assert.ok(Math.abs((last.endSec ?? 0) - (100 + (1152 * 11 - 700 - 1105) / 44_100)) < 1e-9)
  })
  void it('music shorter than its padding ends where it begins', () => {
    assert.equal(
      runTimes({ startSec: 5, delay: 1105, rateHz: 44_100 }, { firstSample: 0, samples: 1152, endTrim: 1000 }).endSec,
      5,
    )
  })
  void it('tries again later each time, within bounds', () => {
    assert.deepEqual([1, 2, 3, 9].map(backOffMs), [400, 800, 1600, 8000])
  })
})
