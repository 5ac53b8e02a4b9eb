/** The part of the Emscripten module that `fft.ts` uses; the package ships no types. */
declare module '@echogarden/pffft-wasm/simd' {
  export type PffftModule = {
    /** Replaced by Emscripten whenever the memory grows, so read it anew after every allocation. */
    HEAPF32: Float32Array
    _pffft_new_setup(size: number, kind: 0 | 1): number
    _pffft_aligned_malloc(sizeBytes: number): number
    _pffft_transform_ordered(setup: number, input: number, output: number, work: number, direction: 0 | 1): void
  }
  export type PffftOptions = { wasmBinary?: Uint8Array; locateFile?(name: string, folder: string): string }
  export default function PFFFT(options?: PffftOptions): Promise<PffftModule>
}
