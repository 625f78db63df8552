import { i18n } from '@lingui/core'

/** The languages of the console. No native speaker has checked any but the English texts. */
export const languages: { code: string; name: string; rtl?: boolean }[] = [
  { code: 'en', name: 'English' },
  { code: 'de', name: 'Deutsch' },
  { code: 'es', name: 'Español' },
  { code: 'ar', name: 'العربية', rtl: true },
  { code: 'zh-Hans', name: '简体中文' },
  { code: 'vi', name: 'Tiếng Việt' },
  { code: 'ht', name: 'Kreyòl ayisyen' },
  { code: 'pt', name: 'Português' },
  { code: 'uk', name: 'Українська' },
  { code: 'fr', name: 'Français' },
]

const catalogs = import.meta.glob<{ messages: Record<string, string> }>('../locales/*/messages.po')

/** The language that fits a browser's list of preferred ones. */
export function match(wanted: readonly string[]): string {
  for (const tag of wanted) {
    const found = languages.find(l => tag.split('-')[0] === l.code.split('-')[0]) // zh-CN is zh-Hans
    if (found) return found.code
  }
  return 'en'
}

/** Loads a language. The page's own direction and language follow it. */
export async function speak(code: string): Promise<void> {
  const { messages } = await catalogs[`../locales/${code}/messages.po`]!()
  i18n.loadAndActivate({ locale: code, messages })
  document.documentElement.lang = code
  document.documentElement.dir = languages.find(l => l.code === code)?.rtl ? 'rtl' : 'ltr'
}
