// Numbers, sizes, dates and durations in the page's language.
import { useMemo } from 'react'
import { type Locale, useLanguage } from '.'

export interface Format {
  number: (value: number) => string
  signed: (value: number) => string
  percent: (part: number) => string
  bytes: (value: number) => string
  dateTime: (iso: string) => string
  ago: (iso: string) => string
  clock: (seconds: number) => string
}

const AGES: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

function makeFormat(locale: Locale): Format {
  const number = new Intl.NumberFormat(locale)
  const signed = new Intl.NumberFormat(locale, { signDisplay: 'exceptZero' })
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  const mega = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  return {
    number: (value) => number.format(value),
    signed: (value) => signed.format(value),
    percent: (part) => percent.format(part),
    bytes: (value) =>
      value >= 1024 ** 3 ? `${mega.format(value / 1024 ** 3)} GB` : value >= 1024 ** 2 ? `${mega.format(value / 1024 ** 2)} MB` : `${mega.format(Math.max(value / 1024, 0.1))} kB`,
    dateTime: (iso) => dateTime.format(new Date(iso)),
    ago(iso) {
      const seconds = (Date.parse(iso) - Date.now()) / 1000
      if (seconds < -7 * 86_400) return dateTime.format(new Date(iso))
      for (const [unit, size] of AGES) {
        if (-seconds >= size) return relative.format(Math.round(seconds / size), unit)
      }
      return relative.format(0, 'minute')
    },
    clock(seconds) {
      const whole = Math.max(0, Math.floor(seconds))
      const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
      const shown = parts[0] ? parts : parts.slice(1)
      return shown.map((part, at) => (at ? String(part).padStart(2, '0') : String(part))).join(':')
    },
  }
}

export function useFormat(): Format {
  const { locale } = useLanguage()
  return useMemo(() => makeFormat(locale), [locale])
}
