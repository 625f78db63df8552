import { defineConfig } from '@lingui/cli'
import { formatter } from '@lingui/format-po'

export default defineConfig({
  sourceLocale: 'en',
  locales: ['en', 'de', 'es', 'ar', 'zh-Hans', 'vi', 'ht', 'pt', 'uk', 'fr'],
  fallbackLocales: { default: 'en' },
  catalogs: [{ path: 'src/locales/{locale}/messages', include: ['src'], exclude: ['**/*.test.*'] }],
  // Comments about placeholders would hold the whole source of a component for a plural.
  format: formatter({ printPlaceholdersInComments: false }),
  orderBy: 'message',
})
