// What the tab of a batch says to somebody who is elsewhere: how far it is, and how it ended until they have looked.
import { useEffect, useRef, useState } from 'react'
import type { Queue } from '@/api/types'
import { type Mark, useFavicon } from '@/lib/favicon'
import { isFinal } from './facts'

/** Sets the tab's icon; answers what to write before its title. */
export function useTabMark(queue: Queue | undefined): string {
  const ended = useEndedUnseen(queue)
  const mark = queue ? markOf(queue, ended) : null
  useFavicon(mark)
  if (mark === null) return ''
  if (typeof mark === 'string') return mark === 'done' ? '✓ ' : '! '
  return `(${Math.floor(mark.part * 100)}%) `
}

function markOf(queue: Queue, endedUnseen: boolean): Mark {
  const waits = queue.status === 'awaiting_approval' || (queue.status === 'paused' && queue.paused_reason !== 'user')
  if (waits) return 'trouble'
  if (isFinal(queue.status)) return !endedUnseen ? null : queue.status === 'completed' && !queue.failed_images ? 'done' : 'trouble'
  if (queue.status === 'paused') return null
  const ended = queue.completed_images + queue.failed_images + queue.cancelled_images
  return { part: ended / Math.max(queue.total_images, 1) }
}

function useEndedUnseen(queue: Queue | undefined): boolean {
  const ran = useRef(false)
  const [unseen, setUnseen] = useState(false)
  const final = queue ? isFinal(queue.status) : null
  useEffect(() => {
    if (final === false) ran.current = true
    else if (final && ran.current) {
      ran.current = false
      setUnseen(!document.hasFocus())
    }
  }, [final])
  useEffect(() => {
    if (!unseen) return
    const look = () => setUnseen(false)
    window.addEventListener('focus', look)
    return () => window.removeEventListener('focus', look)
  }, [unseen])
  return unseen
}
