// Short messages about what was just done. Bad news carries what is known of the error, to be handed on.
import { ProblemError } from '@/api/problem'
import { createStore, useStore } from '@/lib/store'
import { type Dictionary, useText } from '@/i18n'
import { problemText } from '@/i18n/problem'
import { copyText } from '@/lib/clipboard'
import { Button, IconButton } from './Button'
import { Icon } from './icons'
import { useEffect, useState } from 'react'

interface Toast {
  id: number
  tone: 'ok' | 'bad'
  message: string
  error?: unknown
}

const MOST = 3
const STAY_MS = 6_000
const toasts = createStore<Toast[]>([])
let count = 0

const dismiss = (id: number) => toasts.set((now) => now.filter((toast) => toast.id !== id))

export function say(message: string, tone: Toast['tone'] = 'ok', error?: unknown) {
  count += 1
  const toast = { id: count, tone, message, error }
  toasts.set((now) => fewest([...now, toast]))
}

export const sayError = (text: Dictionary, error: unknown) => say(problemText(text, error), 'bad', error)

/** Good news makes room before bad news does. */
function fewest(all: Toast[]): Toast[] {
  if (all.length <= MOST) return all
  const gone = all.find((toast) => toast.tone === 'ok') ?? all[0]
  return all.filter((toast) => toast !== gone)
}

export function Toasts() {
  const shown = useStore(toasts)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <ToastView key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

/** Good news leaves by itself, unless somebody is reading it; bad news stays until dismissed. */
function ToastView({ toast }: { toast: Toast }) {
  const text = useText().shell
  const [held, hold] = useState(false)
  useEffect(() => {
    if (held || toast.tone === 'bad') return
    const timer = setTimeout(() => dismiss(toast.id), STAY_MS)
    return () => clearTimeout(timer)
  }, [held, toast])
  return (
    <div
      className="toast"
      data-tone={toast.tone}
      onMouseEnter={() => hold(true)}
      onMouseLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
    >
      <Icon name={toast.tone === 'bad' ? 'alert' : 'checkCircle'} />
      <span>
        {toast.message}
        {toast.error !== undefined && <CopyDetails error={toast.error} />}
      </span>
      <IconButton icon="close" label={text.close} size="small" onPress={() => dismiss(toast.id)} />
    </div>
  )
}

/** What to hand to whoever runs the server: the request's id, and all that is known of the error. */
export function CopyDetails({ error }: { error: unknown }) {
  const text = useText().shell
  const id = error instanceof ProblemError ? error.requestId : null
  const copy = async () => say((await copyText(detailsOf(error))) ? text.copied : text.copyFailed)
  return (
    <span className="request-id">
      {id && (
        <span>
          {text.requestId} <code>{id}</code>
        </span>
      )}
      <Button size="small" kind="quiet" icon="copy" onPress={copy}>
        {text.copyDetails}
      </Button>
    </span>
  )
}

function detailsOf(error: unknown): string {
  const known = error instanceof ProblemError
  const lines = {
    time: new Date().toISOString(),
    page: location.pathname + location.search,
    error: error instanceof Error ? error.message : String(error),
    ...(known && { code: error.code, status: String(error.status), request_id: error.requestId }),
    ...(known && error.errors.length && { fields: JSON.stringify(error.errors) }),
    ...(!known && error instanceof Error && { stack: error.stack }),
    browser: navigator.userAgent,
  }
  return Object.entries(lines)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
}
