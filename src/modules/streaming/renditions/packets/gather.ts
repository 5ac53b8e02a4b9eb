/** Bytes that come in chunks cut anywhere, taken out in the sizes that are wanted. */
export type Gather = {
  push(chunk: Buffer): void
  /** The first bytes, left where they are; undefined until so many are there. */
  peek(bytes: number): Buffer | undefined
  /** The same, taken out. */
  take(bytes: number): Buffer | undefined
  /** Drops at most so many; answers how many. */
  drop(bytesMax: number): number
}

/** Chunks are joined only when somebody asks across their borders: many small ones cost no more than one large. */
export function createGather(): Gather {
  let chunks: Buffer[] = []
  let heldBytes = 0

  function peek(bytes: number): Buffer | undefined {
    if (heldBytes < bytes) return undefined
    if ((chunks[0]?.length ?? 0) < bytes) chunks = [Buffer.concat(chunks)]
    return chunks[0]?.subarray(0, bytes) ?? Buffer.alloc(0)
  }
  function drop(bytesMax: number): number {
    let left = Math.min(bytesMax, heldBytes)
    const dropped = left
    heldBytes -= left
    for (let first = chunks[0]; first && left > 0; first = chunks[0]) {
      if (first.length > left) chunks[0] = first.subarray(left)
      else chunks.shift()
      left -= Math.min(left, first.length)
    }
    return dropped
  }
  return {
    push(chunk) {
      if (chunk.length > 0) chunks.push(chunk)
      heldBytes += chunk.length
    },
    peek,
    take(bytes) {
      const taken = peek(bytes)
      if (taken) drop(bytes)
      return taken
    },
    drop,
  }
}
