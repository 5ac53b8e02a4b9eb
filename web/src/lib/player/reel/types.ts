/** Bytes that may be given to a source buffer. */
export type Bytes = Uint8Array<ArrayBuffer>

/** A file that is read in parts; `end` is exclusive, and what lies beyond the file is left out. */
export type ByteSource = {
  readonly sizeBytes: number
  read(start: number, end: number, signal: AbortSignal): Promise<Bytes>
}

/** What an encoder made of `samples` samples. */
export type Packet = { readonly data: Bytes; readonly samples: number }

/** Packets that follow each other. Samples are counted as a decoder gives them: the encoder's delay is among them. */
export type Run = {
  readonly firstSample: number
  readonly packets: readonly Packet[]
  /** In the last run only: how many samples after the music the decoder gives. */
  readonly endTrim: number | null
}

/** Reads on from where it was opened; null after the last run. `wantedBytes` is about how much is read at once. */
export type Cursor = { next(wantedBytes: number, signal: AbortSignal): Promise<Run | null> }

/** A file, understood. */
export type Tune = {
  /** What a source buffer is told to take: fragments of MP4, or bare frames of MP3. */
  readonly type: string
  /** The sample entry box (`mp4a`, `fLaC`, `Opus`); null for bare frames. */
  readonly entry: Bytes | null
  /** Samples a second, as everything here counts. */
  readonly rateHz: number
  /** Samples that a decoder gives before the music begins. */
  readonly delay: number
  /** Samples of music; null where only the last packet tells. */
  readonly samples: number | null
  readonly bytesPerSec: number
  /** Of each sample, in lossless sound. */
  readonly bits?: number
  /** Begins at a packet at or a little before sample `from` of the music. */
  open(from: number, signal: AbortSignal): Promise<Cursor>
}

/** What is known of the song without looking into the file. */
export type Hint = { readonly durationSec: number }

/** The type of fragments with such packets. */
export const fragmentsOf = (codecs: string): string => `audio/mp4; codecs="${codecs}"`

/** A file that this way of playing cannot take; an audio element may be able to. */
export const unfit = (why: string): Error => Object.assign(new Error(why), { name: 'Unfit' })
export const isUnfit = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'Unfit'
