import { type ReactNode, useMemo, useState } from 'react'
import { I18nProvider } from 'react-aria-components'
import { type Dictionary, keepLocale, LanguageContext, type Locale, loadDictionary } from '@/i18n'

interface Spoken {
  locale: Locale
  text: Dictionary
}

/** The page's words and react-aria's hidden ones change together, once the new dictionary is here. */
export function LanguageProvider({ initial, children }: { initial: Spoken; children: ReactNode }) {
  const [spoken, speak] = useState(initial)
  const language = useMemo(
    () => ({
      ...spoken,
      change: async (locale: Locale) => {
        keepLocale(locale)
        speak({ locale, text: await loadDictionary(locale) })
      },
    }),
    [spoken],
  )
  return (
    <LanguageContext value={language}>
      <I18nProvider locale={spoken.locale === 'en' ? 'en-US' : spoken.locale}>{children}</I18nProvider>
    </LanguageContext>
  )
}
