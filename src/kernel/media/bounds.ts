/** Every limit of the media port in one place. A file that asks for more is refused with a reason. */

/** Larger files are refused: real music stays far below (the WAV format itself ends at 4 GiB). */
export const FILE_MAX_BYTES = 4 * 1024 ** 3
/** Nothing is decoded or transcoded past this; longer files are cut off. */
export const AUDIO_MAX_SEC = 24 * 3600
/** Wall-clock limit of one decode or transcode when the caller names none. */
export const RUN_TIMEOUT_MS = 15 * 60_000
/** CPU seconds after which a native FFmpeg ends itself, even when the server is gone. */
export const RUN_CPU_MAX_SEC = 15 * 60
/** Resident memory at which a media process is killed (watched on Linux, see `watchMemory`). */
export const RUN_MEMORY_MAX_BYTES = 768 * 1024 ** 2
export const MEMORY_POLL_MS = 250
/** Largest single allocation inside FFmpeg. */
export const FFMPEG_ALLOC_MAX_BYTES = 256 * 1024 ** 2
/** Largest heap of the WebAssembly FFmpeg. */
export const WASM_HEAP_MAX_BYTES = 512 * 1024 ** 2
/** Largest transcoded output. */
export const TRANSCODE_MAX_BYTES = 4 * 1024 ** 3
/** Kept tail of what a media process prints on stderr. */
export const STDERR_TAIL_CHARS = 4096
/** Runs that may wait for a free process before callers hear `media_busy`. */
export const WAITING_MAX = 256

/** Files per message to the tag process. */
export const TAG_BATCH_FILES = 32
export const TAG_POOL_SIZE = 2
/** Heap limit of the tag process. */
export const TAG_HEAP_MAX_MB = 256
/** Time one file may take in the tag process. */
export const TAG_TIMEOUT_MS = 10_000
/** Time that reading all of one file may take: 4 GiB from a slow disk. */
export const TIMELINE_TIMEOUT_MS = 60_000
/** Who has begun to listen mostly goes on to the next song. */
export const TIMELINE_IDLE_MS = 5 * 60_000
/** An FFmpeg that was made ready and not used ends after this: it holds about 150 MB. */
export const PREPARED_IDLE_MS = 2 * 60_000
/** Files after which a tag process is replaced, so that a slow leak never matters. */
export const TAG_RECYCLE_AFTER = 5000
/** Time a pool process may take to start; on a busy machine that is no fault of any file. */
export const POOL_START_TIMEOUT_MS = 60_000
/** An unused tag or image process ends after this. */
export const POOL_IDLE_MS = 30_000
/** Bytes the tag parser may read of one file; a parser that wants more has lost its way. */
export const TAG_READ_MAX_BYTES = 96 * 1024 ** 2
/** Largest single field or picture inside a tag. */
export const TAG_BLOCK_MAX_BYTES = 32 * 1024 ** 2

export const TITLE_MAX_CHARS = 500
export const LYRICS_MAX_CHARS = 64 * 1024
export const LYRIC_LINES_MAX = 5000
/** Values kept of a field that may have many (artists, genres …). */
export const VALUES_MAX = 32

/** Bytes of an image file. */
export const IMAGE_MAX_BYTES = 32 * 1024 ** 2
/** Pixels of an image (10 000 × 10 000); more is refused from the header, before anything is decoded. */
export const IMAGE_PIXELS_MAX = 100_000_000
export const IMAGE_WIDTH_MAX_PX = 3000
export const IMAGE_TIMEOUT_MS = 20_000
export const IMAGE_RECYCLE_AFTER = 500

/** The audio identity: this many windows of this size, spread over the audio. */
export const HASH_WINDOWS = 3
export const HASH_WINDOW_BYTES = 64 * 1024
