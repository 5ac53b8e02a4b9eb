/** Reader of the binary visual frames that `client.url.getFrames` answers. */
export {
  FRAME_BANDS,
  FRAME_HEADER_BYTES,
  FRAME_STRIDE_BYTES,
  type Frame,
  type FrameHeader,
  readFrame,
  readFrameHeader,
} from '#engines/audio/frames.ts'
