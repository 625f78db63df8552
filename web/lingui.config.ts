import { defineConfig } from '@lingui/cli'

export default defineConfig({
  sourceLocale: 'en',
  locales: ['en', 'de', 'es', 'ar', 'zh-Hans', 'vi', 'ht', 'pt', 'uk', 'fr'],
  fallbackLocales: { default: 'en' },
  catalogs: [{ path: 'src/locales/{locale}/messages', include: ['src'], exclude: ['**/*.test.*'] }],
  orderBy: 'message',
})
