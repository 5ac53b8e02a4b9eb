/** PostgreSQL refuses notices of 8 000 bytes and more. */
const FRAME_TEXT_MAX = 7_900

/**
 * Cuts texts (ASCII) to what a notice carries: `=n:text` is the last or only part, `+n:text` one that goes on.
 * The number makes every frame of a transaction different: PostgreSQL folds equal ones into one.
 */
export function frameTexts(texts: readonly string[]): string[] {
  const frames: string[] = []
  for (const text of texts)
    for (let at = 0; at === 0 || at < text.length; at += FRAME_TEXT_MAX) {
      const mark = at + FRAME_TEXT_MAX < text.length ? '+' : '='
      frames.push(`${mark}${frames.length}:${text.slice(at, at + FRAME_TEXT_MAX)}`)
    }
  return frames
}

/**
 * Puts the parts together. Invariant: the frames of one `frameTexts` travel in one transaction, and PostgreSQL
 * delivers whole transactions one after another, so that parts of two senders never mix.
 */
export function createFrameReader(whole: (text: string) => void): (frame: string) => void {
  let begun = ''
  return (frame) => {
    const colon = frame.indexOf(':')
    const mark = frame[0]
    if (colon < 0 || (mark !== '+' && mark !== '=')) return
    begun += frame.slice(colon + 1)
    if (mark === '+') return
    const text = begun
    begun = ''
    whole(text)
  }
}
