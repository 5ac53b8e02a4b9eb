/** Below each cover stand two lines of text. */
export const CARD_TEXT_PX = 52

/** As many columns as fit, never fewer than two; rows are as high as a square cover and its text. */
export function cardLayout(
  widthPx: number,
  o: { minPx: number; gapPx: number },
): { columns: number; rowHeightPx: number; coverPx: number } {
  const columns = Math.max(2, Math.floor((widthPx + o.gapPx) / (o.minPx + o.gapPx)))
  const coverPx = Math.max(0, (widthPx - (columns - 1) * o.gapPx) / columns)
  return { columns, rowHeightPx: Math.ceil(coverPx) + CARD_TEXT_PX + o.gapPx, coverPx }
}
