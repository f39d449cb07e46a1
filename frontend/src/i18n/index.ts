// The page's words. A message is a string or a function of what goes into it, so the compiler checks every use.
import { createContext, use } from 'react'
import { recall, remember } from '@/lib/preferences'
import type { Dictionary, First, More } from './zh-CN'

export type { Dictionary }
export const locales = ['zh-CN', 'en'] as const
export type Locale = (typeof locales)[number]

const first: Record<Locale, () => Promise<First>> = {
  'zh-CN': async () => (await import('./zh-CN')).zhCN,
  en: async () => (await import('./en')).en,
}

const more: Record<Locale, () => Promise<More>> = {
  'zh-CN': async () => (await import('./zh-CN/more')).more,
  en: async () => (await import('./en/more')).more,
}

export interface Language {
  locale: Locale
  text: Dictionary
  change: (locale: Locale) => void
}

export const LanguageContext = createContext<Language | null>(null)

export function useLanguage(): Language {
  const language = use(LanguageContext)
  if (!language) throw new Error('outside of LanguageContext')
  return language
}

export const useText = () => useLanguage().text

/** What was chosen here, else the browser's language if we speak it, else Chinese. */
export function preferredLocale(): Locale {
  const kept = recall('locale')
  if (locales.includes(kept as Locale)) return kept as Locale
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh-CN'
}

let spoken: { locale: Locale; text: Dictionary } | null = null
let moreWanted = false

export async function loadDictionary(locale: Locale): Promise<Dictionary> {
  document.documentElement.lang = locale
  const text = { ...(await first[locale]()) } as Dictionary
  spoken = { locale, text }
  return moreWanted ? loadMoreWords() : text
}

/** The words of account and admin: whoever shows such a page waits for this, and a change of language then brings them along. */
export async function loadMoreWords(): Promise<Dictionary> {
  moreWanted = true
  const { locale, text } = spoken!
  return Object.assign(text, await more[locale]())
}

export const keepLocale = (locale: Locale) => remember('locale', locale)
