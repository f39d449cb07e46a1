// The live feed: one event stream a tab, shared by all views, feeding the query cache.
import { createStore } from '@/lib/store'
import { applyQueue, applyTask } from './apply'
import { queueKeys } from './batches'
import { queryClient } from './cache'
import { client } from './client'
import type { Queue, Task } from './types'

export type Connection = 'connecting' | 'open' | 'retrying'

export const connection = createStore<Connection>('connecting')

const HIDDEN_CLOSE_MS = 60_000
const POLL_MS = 5_000
const RETRY_MS = [1_000, 3_000, 6_000, 15_000]

let source: EventSource | null = null
let failures = 0
let retry: ReturnType<typeof setTimeout> | undefined
let poll: ReturnType<typeof setInterval> | undefined
let hidden: ReturnType<typeof setTimeout> | undefined
let wanted = false

const refetch = () => void queryClient.invalidateQueries({ queryKey: queueKeys.all })

function open() {
  close()
  const stream = new EventSource('/api/batch/events')
  source = stream
  stream.onopen = () => {
    // what happened while nobody listened is read once, then events go on from there
    if (connection.get() === 'retrying') refetch()
    failures = 0
    clearInterval(poll)
    poll = undefined
    connection.set('open')
  }
  stream.onerror = () => void lost(stream)
  stream.addEventListener('queue', (event) => applyQueue(JSON.parse(event.data) as Queue))
  stream.addEventListener('task', (event) => applyTask(JSON.parse(event.data) as Task))
}

async function lost(stream: EventSource) {
  if (stream !== source) return
  failures += 1
  connection.set('retrying')
  // proxies that swallow event streams still let plain requests through
  if (failures >= 2) poll ??= setInterval(refetch, POLL_MS)
  if (stream.readyState !== EventSource.CLOSED) return
  close()
  retry = setTimeout(reopen, RETRY_MS[Math.min(failures, RETRY_MS.length) - 1])
}

/** A closed EventSource does not say why; if it was 401, asking anything lets the shell offer to sign in again. */
async function reopen() {
  try {
    await client.GET('/api/auth/me')
  } catch {
    if (wanted) retry = setTimeout(reopen, RETRY_MS.at(-1))
    return
  }
  if (wanted) open()
}

function close() {
  clearTimeout(retry)
  source?.close()
  source = null
}

function onVisibility() {
  clearTimeout(hidden)
  if (document.visibilityState === 'hidden') {
    // six connections an origin is all that HTTP/1.1 gives to all tabs together
    hidden = setTimeout(close, HIDDEN_CLOSE_MS)
  } else if (wanted && !source) {
    connection.set('retrying')
    open()
  }
}

/** Listen until the returned function is called. */
export function listen(): () => void {
  wanted = true
  connection.set('connecting')
  open()
  document.addEventListener('visibilitychange', onVisibility)
  return () => {
    wanted = false
    document.removeEventListener('visibilitychange', onVisibility)
    clearTimeout(hidden)
    clearInterval(poll)
    poll = undefined
    close()
  }
}
