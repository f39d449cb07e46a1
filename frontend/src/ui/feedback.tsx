// What a page shows while it has nothing to show: loading, nothing there, something wrong.
import type { CSSProperties, ReactNode } from 'react'
import { ProblemError } from '@/api/problem'
import { useText } from '@/i18n'
import { problemText } from '@/i18n/problem'
import { Button } from './Button'
import { Icon, type IconName } from './icons'
import { CopyDetails } from './toast'

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} size={40} />
      <h2>{title}</h2>
      {children}
    </div>
  )
}

export function Skeleton({ height, width }: { height: string; width?: string }) {
  return <div className="skeleton" style={{ height, width } as CSSProperties} aria-hidden="true" />
}

export function Notice({ tone = 'run', icon, children }: { tone?: 'run' | 'bad' | 'warn'; icon?: IconName; children: ReactNode }) {
  return (
    <div className="notice" data-tone={tone}>
      <Icon name={icon ?? (tone === 'run' ? 'info' : 'alert')} />
      {children}
    </div>
  )
}

/** An error in the user's words, with the request's id to hand to whoever runs the server. */
export function ErrorNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const text = useText()
  const fields = error instanceof ProblemError ? error.errors : []
  const { username, password, email, usernameHint, passwordHint, emailHint } = text.auth
  // in words of the page's own; the server's go with the details
  const known: Record<string, string> = {
    username: `${username}: ${usernameHint}`,
    password: `${password}: ${passwordHint}`,
    email: `${email}: ${emailHint}`,
  }
  return (
    <div role="alert">
      <Notice tone="bad">
        <p>{problemText(text, error)}</p>
        {fields.length > 0 && (
          <ul className="quiet">
            {fields.map(({ loc, msg }) => (
              <li key={`${loc.join('.')} ${msg}`}>
                {known[loc.at(-1)!] ?? (
                  <>
                    <code>{loc.at(-1)}</code> {msg}
                  </>
                )}
              </li>
            ))}
          </ul>
        )}
        <div className="row">
          {onRetry && (
            <Button size="small" icon="redo" onPress={onRetry}>
              {text.shell.retry}
            </Button>
          )}
          <CopyDetails error={error} />
        </div>
      </Notice>
    </div>
  )
}
