/**
 * Where sections begin: the cut of the track into stretches that are alike within (least squares, by dynamic
 * programming), with a price for every cut that is lower at the beginning of a bar and where sound changes at once.
 */
import type { Units } from './units.ts'

/** Shortest and longest section, where the units allow. */
const SHORTEST_SEC = 8
const LONGEST_SEC = 90
/** Price of a section in mean squares of a unit, in a track of `PRICED_UNITS`; it rises with the root of the length. */
const PRICE = 2.8
const PRICED_UNITS = 120
/** What is added when a section does not begin with a bar. */
const OFF_BAR = 0.5
/** What a sudden change takes off. */
const SUDDEN = 0.7
/** Half width of the window for sudden changes. */
const REACH_SEC = 8

type Prefix = { sums: Float64Array; squares: Float64Array }

const prefixOf = ({ count, width, features }: Units): Prefix => {
  const sums = new Float64Array((count + 1) * width)
  const squares = new Float64Array(count + 1)
  for (let unit = 0; unit < count; unit++) {
    let square = 0
    for (let c = 0; c < width; c++) {
      const value = features[unit * width + c]!
      sums[(unit + 1) * width + c] = sums[unit * width + c]! + value
      square += value * value
    }
    squares[unit + 1] = squares[unit]! + square
  }
  return { sums, squares }
}

/** Squared distances from the mean, summed over the units from..to. */
const spread = ({ sums, squares }: Prefix, width: number, from: number, to: number): number => {
  let mean = 0
  for (let c = 0; c < width; c++) mean += (sums[to * width + c]! - sums[from * width + c]!) ** 2
  return squares[to]! - squares[from]! - mean / (to - from)
}

/** How much the means before and after each unit differ, 1 at the greatest change of the track. */
const suddenness = ({ count, width }: Units, { sums }: Prefix, reach: number): Float32Array => {
  const out = new Float32Array(count)
  let top = 1e-9
  for (let at = 1; at < count; at++) {
    const near = Math.min(reach, at, count - at)
    let distance = 0
    for (let c = 0; c < width; c++) {
      const sum = (unit: number) => sums[unit * width + c]!
      distance += ((sum(at + near) - 2 * sum(at) + sum(at - near)) / near) ** 2
    }
    out[at] = distance * (near / reach)
    top = Math.max(top, out[at]!)
  }
  for (let at = 0; at < count; at++) out[at]! /= top
  return out
}

/** Of each unit: 1 where it stands above all within `reach`. */
const peaksOf = (x: Float32Array, reach: number): Float32Array =>
  x.map((value, at) => {
    for (let i = Math.max(0, at - reach); i <= at + reach && i < x.length; i++) if (x[i]! > value) return 0
    return value
  })

/**
 * First units of the sections, the first 0, and one past the last: the best cuts of all, every start of a section tried
 * with every end in reach.
 */
const cheapest = (units: Units, pricePart: number): number[] => {
  const { count, width, isBar, edgesSec } = units
  const prefix = prefixOf(units)
  const unitSec = edgesSec[count]! / Math.max(1, count)
  const shortest = Math.max(1, Math.round(SHORTEST_SEC / unitSec))
  const longest = Math.max(shortest * 2, Math.round(LONGEST_SEC / unitSec))
  const sudden = peaksOf(suddenness(units, prefix, Math.max(2, Math.round(REACH_SEC / unitSec))), 2)
  const price = (pricePart * prefix.squares[count]!) / Math.sqrt(count * PRICED_UNITS)
  const priceAt = (unit: number) =>
    unit === 0 ? 0 : price * (1 + (isBar[unit] ? 0 : OFF_BAR) - SUDDEN * Math.sqrt(sudden[unit]!))
  const best = new Float64Array(count + 1).fill(Infinity)
  const from = new Int32Array(count + 1)
  best[0] = 0
  for (let end = 1; end <= count; end++)
    for (let start = Math.max(0, end - longest); start < end; start++) {
      if (end - start < shortest && (start > 0 || end < count)) continue
      const cost = best[start]! + priceAt(start) + spread(prefix, width, start, end)
      if (cost < best[end]!) {
        best[end] = cost
        from[end] = start
      }
    }
  const starts = [count]
  for (let end = count; end > 0; end = from[end]!) starts.unshift(from[end]!)
  return starts
}

/** More are never found: the price of one rises until they are fewer. */
export const SECTIONS_MAX = 255

export const cutsOf = (units: Units): number[] => {
  let starts = cheapest(units, PRICE)
  for (let price = PRICE; starts.length - 1 > SECTIONS_MAX; starts = cheapest(units, price)) price *= 2
  return starts
}
