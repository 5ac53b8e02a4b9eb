import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { serviceWorker } from './vite-service-worker.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** Where `npm start` listens; for `vite dev` only. */
const SERVER = process.env['TUTTI_SERVER'] ?? 'http://127.0.0.1:3000'

export default defineConfig({
  plugins: [svelte(), serviceWorker()],
  resolve: {
    // Only names with an ending are ours: Svelte has a `#client/…` of its own.
    alias: [
      { find: /^#lib\/(.+\.(?:ts|svelte))$/, replacement: `${at('src/lib')}/$1` },
      { find: /^#(client|engines)\/(.+\.ts)$/, replacement: `${at('../src')}/$1/$2` },
    ],
  },
  build: {
    target: 'es2022',
    // A data: address would need its own line in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': SERVER, '/socket.io': { target: SERVER, ws: true } } },
})
