import optimizeLocales from '@react-aria/optimize-locales-plugin'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const backend = 'http://127.0.0.1:3000'

export default defineConfig({
  plugins: [
    // before everything: it replaces react-aria's 30 languages by the two we speak
    { ...optimizeLocales.vite({ locales: ['zh-CN', 'en-US'] }), enforce: 'pre' },
    react(),
  ],
  resolve: { tsconfigPaths: true },
  build: {
    // light-dark() and nesting reach the browser as written
    target: ['chrome123', 'edge123', 'firefox128', 'safari17.5'],
    // data: URLs would need a hole in the content security policy for workers and styles
    assetsInlineLimit: 0,
    // the console (docs.html) is one big file by nature; the page's own budget is asserted by a test
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: { index: 'index.html', docs: 'docs.html' } },
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': backend, '/openapi.json': backend } },
})
