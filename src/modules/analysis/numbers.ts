/** Four decimals (0.1 ms for times): more is noise of 32-bit numbers. */
export const round4 = (value: number): number => Math.round(value * 1e4) / 1e4
export const numbers = (values: ArrayLike<number>): number[] => Array.from(values, round4)
/** Of what may be very small: six significant digits. */
export const precise = (value: number): number => Number(value.toPrecision(6))
export const clamp01 = (value: number): number => Math.min(1, Math.max(0, value))
