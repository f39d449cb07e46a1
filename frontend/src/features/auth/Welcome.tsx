import type { ReactNode } from 'react'
import { useLanguage } from '@/i18n'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/icons'
import '@/styles/auth.css'

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
        <div className="welcome-frames" aria-hidden="true">
          {Array.from({ length: 12 }, (_, at) => (
            <i key={at}>{String(at + 1).padStart(2, '0')}</i>
          ))}
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
