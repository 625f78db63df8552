import { lingui } from '@lingui/vite-plugin'
import optimizeLocales from '@react-aria/optimize-locales-plugin'
import babel from '@rolldown/plugin-babel'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The API of a stack that runs, for `npm run dev`.
const api = process.env.SATCHEL_API_URL ?? 'http://127.0.0.1:8400'

export default defineConfig({
  base: '/console/',
  plugins: [
    { ...optimizeLocales.vite({ locales: ['en-US', 'de-DE', 'es-ES', 'ar-AE', 'zh-CN', 'pt-BR', 'uk-UA', 'fr-FR'] }), enforce: 'pre' as const },
    react(),
    babel({ plugins: ['@lingui/babel-plugin-lingui-macro'] }),
    lingui(),
  ],
  build: {
    manifest: true,
    assetsInlineLimit: 0, // a data: address would need a source in the policy
    target: 'es2022',
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': api, '/.well-known': api } },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts?(x)', 'packages/**/*.test.ts?(x)'],
    testTimeout: 20_000,
  },
} as never)
