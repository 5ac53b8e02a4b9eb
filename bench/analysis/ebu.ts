/** The signals of EBU Tech 3341 and 3342 through our loudness and true peak meters, against their tolerances. */
import { EBU_CASES, EBU_RATE, type EbuCase } from '#engines/audio/ebu.fixture.ts'
import { loudnessMeter } from '#engines/audio/loudness.ts'
import { peakMeter } from '#engines/audio/truepeak.ts'

const BLOCK = EBU_RATE / 10

const readingOf = ({ reads, signal }: EbuCase) => {
  const x = signal()
  if (reads === 'truePeak') {
    const meter = peakMeter(2)
    meter.push([x, x])
    return 20 * Math.log10(meter.finish().truePeak)
  }
  const meter = loudnessMeter(EBU_RATE, 2)
  for (let at = 0; at + BLOCK <= x.length; at += BLOCK) {
    const block = x.subarray(at, at + BLOCK)
    meter.push([block, block])
  }
  const found = meter.finish()
  return {
    integrated: found.integratedLufs,
    range: found.rangeLu,
    maxMomentary: found.momentaryMaxLufs,
    maxShortTerm: found.shortTermMaxLufs,
  }[reads]
}

export type EbuReading = { name: string; reads: string; wanted: number; reading: number; within: boolean }

export const readEbu = (): EbuReading[] =>
  EBU_CASES.map((one) => {
    const reading = readingOf(one)
    const { name, reads, wanted, above, below } = one
    return { name, reads, wanted, reading, within: reading <= wanted + above && reading >= wanted - below }
  })

/** One line a case; the twenty signals of one case together, with the one that is furthest off. */
export const ebuLines = (readings: EbuReading[]): string[] => {
  const cases = Map.groupBy(readings, ({ name }) => name.split(' ')[0]!)
  return [...cases].map(([name, all]) => {
    const worst = all.reduce((a, b) => (Math.abs(b.reading - b.wanted) > Math.abs(a.reading - a.wanted) ? b : a))
    const within = all.filter((each) => each.within).length
    const numbers = `wanted ${worst.wanted.toFixed(1)}, read ${worst.reading.toFixed(2)}`
    return `${name.padEnd(8)} ${worst.reads.padEnd(13)} ${numbers.padEnd(30)} ${within} of ${all.length} within tolerance`
  })
}
