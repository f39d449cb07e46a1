// The live feed: one event stream for all views (and all tabs, where the browser can), feeding the query cache.
import { createStore } from '@/lib/store'
import { applyQueue, applyTask, forgetQueue, refreshCredits } from './apply'
import { newestQueues, queueKeys, queueOf } from './batches'
import { queryClient } from './cache'
import { client } from './client'
import type { Foreseen } from './newer'
import { presence } from './presence'
import { ProblemError } from './problem'
import { type Message, Stream } from './stream'
import type { Order } from './stream.worker'
import type { Queue, QueueStatus, Task } from './types'

export interface Connection {
  state: 'connecting' | 'open' | 'retrying'
  /** When it is tried again, in milliseconds since 1970. */
  retryAt?: number
}

export const connection = createStore<Connection>({ state: 'connecting' })

/** The batch that has just ended, or wants its owner. */
export const news = createStore<Queue | null>(null)

const HIDDEN_CLOSE_MS = 60_000
const POLL_MS = 5_000
const UNDER_WAY: QueueStatus[] = ['pending', 'processing']
const ENDED: QueueStatus[] = ['completed', 'failed', 'cancelled']

interface Line {
  tell: (order: Order) => void
  /** A tab's own stream rests while nobody sees the tab. */
  own: boolean
}

let line: Line | null = null
let poll: ReturnType<typeof setInterval> | undefined
let hidden: ReturnType<typeof setTimeout> | undefined
/** How each batch that has not ended stood when it was last heard of. */
const standing = new Map<number, QueueStatus>()

const refetch = () => void queryClient.invalidateQueries({ queryKey: queueKeys.all })

function hear(message: Message) {
  if (message.kind === 'task') applyTask(JSON.parse(message.data) as Task)
  else if (message.kind === 'queue') hearQueue(JSON.parse(message.data) as Queue)
  else if (message.kind === 'queue_deleted') forgetQueue((JSON.parse(message.data) as { id: number }).id)
  else if (message.kind === 'lost') lost(message)
  else opened()
}

/** An answer may be older than what is known by now. */
function hearQueue(word: Queue) {
  applyQueue(word)
  const queue: Foreseen<Queue> = queryClient.getQueryData<Queue>(queueKeys.one(word.id)) ?? word
  if (queue.foreseen) return
  const before = standing.get(queue.id)
  if (ENDED.includes(queue.status)) standing.delete(queue.id)
  else standing.set(queue.id, queue.status)
  // what comes in quick succession is told as one, so it may have ended without having been heard to go on
  if (before && before !== queue.status && !UNDER_WAY.includes(queue.status)) news.set(queue)
}

/** Ask what nobody told: what became of the batches that had not ended, and which there are by now. */
async function catchUp() {
  const mine = line
  refetch()
  refreshCredits()
  const newest = await newestQueues()
  const others = [...standing.keys()].filter((id) => !newest.some((queue) => queue.id === id))
  const found = await Promise.all(others.map((id) => queueOf(id).catch((error: unknown) => gone(id, error))))
  if (line !== mine) return
  for (const queue of [...newest, ...found]) {
    if (queue && (standing.has(queue.id) || !ENDED.includes(queue.status))) hearQueue(queue)
  }
}

function gone(id: number, error: unknown) {
  if (error instanceof ProblemError && error.status === 404 && standing.delete(id)) forgetQueue(id)
}

const tryToCatchUp = () => void catchUp().catch(() => undefined)

function opened() {
  // the stream begins with what is active now: what ended while nobody listened here is asked for
  if (connection.get().state === 'connecting') refetch()
  else tryToCatchUp()
  clearInterval(poll)
  poll = undefined
  connection.set({ state: 'open' })
}

function lost({ failures, retryAt, refused }: Extract<Message, { kind: 'lost' }>) {
  connection.set({ state: 'retrying', retryAt })
  // proxies that swallow event streams still let plain requests through
  if (failures >= 2) poll ??= setInterval(tryToCatchUp, POLL_MS)
  // a refused stream does not say why; if it was 401, asking anything lets the shell offer to sign in again
  if (refused && presence.get() === 'in') client.GET('/api/auth/me').catch(() => undefined)
}

export const retryNow = () => line?.tell({ kind: 'retry' })

function sharedLine(): Line | null {
  if (!('SharedWorker' in window)) return null
  try {
    const worker = new SharedWorker(new URL('./stream.worker.ts', import.meta.url), { type: 'module' })
    worker.port.onmessage = (event: MessageEvent<Message>) => hear(event.data)
    return { tell: (order) => worker.port.postMessage(order), own: false }
  } catch {
    return null
  }
}

function ownLine(): Line {
  const stream = new Stream(hear)
  return { tell: (order) => (order.kind === 'leave' ? stream.close() : stream.open()), own: true }
}

/** Listen as this user until the returned function is called. */
export function listen(user: number): () => void {
  const mine = sharedLine() ?? ownLine()
  line = mine
  connection.set({ state: 'connecting' })
  mine.tell({ kind: 'listen', user })
  const again = () => mine.tell({ kind: 'listen', user })
  const leave = () => mine.tell({ kind: 'leave' })
  const onVisibility = () => {
    clearTimeout(hidden)
    if (!mine.own) return
    if (document.visibilityState === 'hidden') hidden = setTimeout(leave, HIDDEN_CLOSE_MS)
    else if (connection.get().state !== 'retrying') again()
  }
  // a page that is kept for "back" must not keep the worker's attention
  const onShow = (event: PageTransitionEvent) => event.persisted && again()
  const forgetPresence = presence.subscribe(() => presence.get() === 'in' && connection.get().state === 'retrying' && retryNow())
  document.addEventListener('visibilitychange', onVisibility)
  window.addEventListener('online', retryNow)
  window.addEventListener('pagehide', leave)
  window.addEventListener('pageshow', onShow)
  return () => {
    forgetPresence()
    document.removeEventListener('visibilitychange', onVisibility)
    window.removeEventListener('online', retryNow)
    window.removeEventListener('pagehide', leave)
    window.removeEventListener('pageshow', onShow)
    clearTimeout(hidden)
    clearInterval(poll)
    poll = undefined
    standing.clear()
    leave()
    line = null
  }
}
