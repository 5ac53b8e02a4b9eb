import type { FileHandle } from 'node:fs/promises'
import type { PacketTable } from '#kernel/media/index.ts'

/** What lies between packets is read with them when it is no more than this. */
const GAPS_BYTES_MAX = 64 * 1024

type Lying = Pick<PacketTable, 'offsets' | 'sizes' | 'firsts'>
const firstOf = ({ firsts }: Lying, packet: number): number => (firsts ? (firsts[packet] as number) : packet)

/** Bytes of the packets from `from` to before `to`. */
export function bytesBetween(table: Lying, from: number, to: number): number {
  let sum = 0
  for (let i = firstOf(table, from); i < firstOf(table, to); i++) sum += table.sizes[i] as number
  return sum
}

const fileChanged = () => Object.assign(new Error('the file ends before its packets do'), { code: 'EIO' })

async function readAt(handle: FileHandle, start: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(bytes), 0, bytes, start)
  if (bytesRead !== bytes) throw fileChanged()
  return buffer
}

/** The packets from `from` to before `to`, as they stand in the file: mostly with one reading. */
export async function readPackets(handle: FileHandle, table: Lying, from: number, to: number): Promise<Buffer[]> {
  const [first, end] = [firstOf(table, from), firstOf(table, to)]
  const { offsets, sizes } = table
  let [low, high] = [Number.POSITIVE_INFINITY, 0]
  for (let i = first; i < end; i++) {
    low = Math.min(low, offsets[i] as number)
    high = Math.max(high, (offsets[i] as number) + (sizes[i] as number))
  }
  const isDense = high - low <= 2 * bytesBetween(table, from, to) + GAPS_BYTES_MAX
  const all = isDense ? await readAt(handle, low, high - low) : undefined
  const stretch = async (i: number): Promise<Buffer> => {
    const [offset, size] = [offsets[i] as number, sizes[i] as number]
    return all ? all.subarray(offset - low, offset - low + size) : readAt(handle, offset, size)
  }
  const packets: Buffer[] = []
  for (let packet = from; packet < to; packet++) {
    const parts: Buffer[] = []
    for (let i = firstOf(table, packet); i < firstOf(table, packet + 1); i++) parts.push(await stretch(i))
    packets.push(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
  }
  return packets
}
