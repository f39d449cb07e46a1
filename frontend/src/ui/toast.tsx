// Short messages about what was just done. They are never the only place of an error.
import { createStore, useStore } from '@/lib/store'
import { useText } from '@/i18n'
import { IconButton } from './Button'
import { Icon } from './icons'
import { useEffect, useState } from 'react'

interface Toast {
  id: number
  tone: 'ok' | 'bad'
  message: string
}

const MOST = 3
const STAY_MS = 6_000
const toasts = createStore<Toast[]>([])
let count = 0

const dismiss = (id: number) => toasts.set((now) => now.filter((toast) => toast.id !== id))

export function say(message: string, tone: Toast['tone'] = 'ok') {
  count += 1
  const toast = { id: count, tone, message }
  toasts.set((now) => [...now, toast].slice(-MOST))
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
      <span>{toast.message}</span>
      <IconButton icon="close" label={text.close} size="small" onPress={() => dismiss(toast.id)} />
    </div>
  )
}
