import type { ReactNode } from 'react'
import bottleAfter from '@/assets/samples/bottle-edited.webp'
import bottle from '@/assets/samples/bottle-small.webp'
import lakeAfter from '@/assets/samples/lake-edited.webp'
import lake from '@/assets/samples/lake-small.webp'
import portraitAfter from '@/assets/samples/portrait-edited.webp'
import portrait from '@/assets/samples/portrait-small.webp'
import { useLanguage } from '@/i18n'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/icons'
import '@/styles/auth.css'

/** Before and after, as the local filters of this service made them. */
const pairs = [
  [lake, lakeAfter],
  [bottle, bottleAfter],
  [portrait, portraitAfter],
] as const

/** The two pages before signing in: what this is on one side, the form on the other. */
export function Welcome({ title, children }: { title: string; children: ReactNode }) {
  const { text, locale, change } = useLanguage()
  const other = locale === 'en' ? 'zh-CN' : 'en'
  return (
    <div className="welcome">
      <aside className="welcome-side">
        <div className="brand">
          <img src="/favicon.svg" alt="" width={36} height={36} />
          <span>{text.shell.name}</span>
        </div>
        <p className="welcome-line">{text.auth.tagline}</p>
        <ul className="welcome-points">
          {text.auth.points.map((point) => (
            <li key={point}>
              <Icon name="check" /> {point}
            </li>
          ))}
        </ul>
        <div className="welcome-pairs">
          {pairs.map(([before, after]) => (
            <div key={before} className="welcome-pair" aria-hidden="true">
              <img src={before} alt="" />
              <img src={after} alt="" />
            </div>
          ))}
          <p className="welcome-note">{text.auth.pictures}</p>
        </div>
      </aside>
      <main className="welcome-main">
        <div className="welcome-form stack">
          <h1>{title}</h1>
          {children}
        </div>
        <Button kind="quiet" size="small" onPress={() => change(other)}>
          {text.shell.languages[other]}
        </Button>
      </main>
    </div>
  )
}
