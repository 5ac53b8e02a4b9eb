export type VirtualInput = {
  count: number
  columns: number
  rowHeightPx: number
  /** How far the list's top is above the top of the view; negative while it is below. */
  scrolledPx: number
  viewHeightPx: number
  /** Rows drawn beyond each edge, so that fast scrolling shows no gaps. */
  overscanRows: number
}
export type VirtualWindow = { first: number; last: number; topPx: number; heightPx: number }

/** Which items of a list need to exist now: `first` inclusive, `last` exclusive. */
export function windowOf(v: VirtualInput): VirtualWindow {
  const columns = Math.max(1, v.columns)
  const rows = Math.ceil(v.count / columns)
  const heightPx = rows * v.rowHeightPx
  if (v.count === 0 || v.rowHeightPx <= 0) return { first: 0, last: 0, topPx: 0, heightPx: 0 }
  const firstVisible = Math.floor(v.scrolledPx / v.rowHeightPx)
  const lastVisible = Math.ceil((v.scrolledPx + v.viewHeightPx) / v.rowHeightPx)
  const firstRow = Math.min(Math.max(0, firstVisible - v.overscanRows), rows)
  const lastRow = Math.max(firstRow, Math.min(rows, lastVisible + v.overscanRows))
  return {
    first: firstRow * columns,
    last: Math.min(v.count, lastRow * columns),
    topPx: firstRow * v.rowHeightPx,
    heightPx,
  }
}

/** Where to scroll so that `index` is in view; the place given when it already is. */
export function scrollToShow(index: number, v: VirtualInput): number {
  const topPx = Math.floor(index / Math.max(1, v.columns)) * v.rowHeightPx
  if (topPx < v.scrolledPx) return topPx
  const bottomPx = topPx + v.rowHeightPx
  return bottomPx > v.scrolledPx + v.viewHeightPx ? bottomPx - v.viewHeightPx : v.scrolledPx
}
