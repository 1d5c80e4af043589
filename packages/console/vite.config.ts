import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const headend = process.env['GRIDCARD_HEADEND'] ?? 'http://127.0.0.1:8080'

// The head-end serves dist/ under a content security policy that allows no inline script and no other origin, so
// nothing is inlined into the page. `vite` (development) forwards the API to a running head-end.
export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': { target: headend, changeOrigin: true } } },
})
