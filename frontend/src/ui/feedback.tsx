// What a page shows while it has nothing to show: loading, nothing there, something wrong.
import type { CSSProperties, ReactNode } from 'react'
import { ProblemError } from '@/api/problem'
import { useText } from '@/i18n'
import { problemText } from '@/i18n/problem'
import { copyText } from '@/lib/clipboard'
import { Button } from './Button'
import { Icon, type IconName } from './icons'
import { say } from './toast'

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
  const id = error instanceof ProblemError ? error.requestId : null
  return (
    <div role="alert">
      <Notice tone="bad">
        <p>{problemText(text, error)}</p>
        {fields.length > 0 && (
          <ul className="quiet">
            {fields.map(({ loc, msg }) => (
              <li key={`${loc.join('.')} ${msg}`}>
                <code>{loc.at(-1)}</code> {msg}
              </li>
            ))}
          </ul>
        )}
        {(id || onRetry) && (
          <div className="row">
            {onRetry && (
              <Button size="small" icon="redo" onPress={onRetry}>
                {text.shell.retry}
              </Button>
            )}
            {id && <RequestId id={id} />}
          </div>
        )}
      </Notice>
    </div>
  )
}

function RequestId({ id }: { id: string }) {
  const text = useText().shell
  const copy = async () => say((await copyText(id)) ? text.copied : text.copyFailed)
  return (
    <span className="request-id">
      {text.requestId} <code>{id.slice(0, 12)}</code>
      <Button size="small" kind="quiet" icon="copy" onPress={copy}>
        {text.copy}
      </Button>
    </span>
  )
}
