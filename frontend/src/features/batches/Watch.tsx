// Tells how a batch ended to somebody who is elsewhere: a toast on another page, a desktop notification in another window.
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { news } from '@/api/live'
import type { Queue } from '@/api/types'
import { type Dictionary, useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { pausedBecause, queueName } from '@/i18n/queue'
import { notify } from '@/lib/notify'
import { say } from '@/ui/toast'

export function BatchWatch() {
  const text = useText()
  const format = useFormat()
  const navigate = useNavigate()
  const path = useRouterState({ select: (state) => state.location.pathname })
  useEffect(
    () =>
      news.subscribe(() => {
        const queue = news.get()
        const words = queue && wordsOf(text, queue)
        if (!queue || !words) return
        const name = queueName(text, format, queue)
        const open = () => void navigate({ to: '/batches/$id', params: { id: queue.id } })
        notify(name, words, `batch-${queue.id}`, open)
        if (path !== `/batches/${queue.id}`) say(text.batches.news(name, words), queue.status === 'failed' ? 'bad' : 'ok')
      }),
    [text, format, navigate, path],
  )
  return null
}

/** Null for what the owner has just done themselves. */
function wordsOf(all: Dictionary, queue: Queue): string | null {
  const text = all.batches
  if (queue.status === 'completed' || queue.status === 'failed') return text.done(queue.completed_images, queue.failed_images)
  if (queue.status === 'awaiting_approval') return text.samplesReady
  if (queue.status === 'paused' && queue.paused_reason && queue.paused_reason !== 'user') {
    return pausedBecause(all, queue)
  }
  return null
}
