// Answers and events may overtake each other. Versions decide, so late or twice is harmless.
import { type InfiniteData, replaceEqualDeep } from '@tanstack/react-query'
import type { Page, Queue, Task } from './types'

/** A state as the server said it; or as somebody wants it, until there is an answer to that (foresee.ts). */
export type Foreseen<T> = T & { foreseen?: boolean }

/** The later of the two. What is foreseen stays beside word of what it was decided on, until it is taken back. */
export function newer<T extends { version: number }>(now: Foreseen<T> | undefined, next: Foreseen<T>): Foreseen<T> {
  if (!now || next.version > now.version) return next
  return now.version > next.version || (now.foreseen && next.foreseen === undefined) ? now : next
}

/** The items of `next`, each as new as it is known; what is only in `now` is gone. */
function newerOf<T extends { id: number; version: number }>(now: readonly T[], next: readonly T[]): T[] {
  const known = new Map(now.map((item) => [item.id, item]))
  return next.map((item) => newer<T>(known.get(item.id), item))
}

const early = new Map<number, Task[]>()

/** Word of a task that overtakes the first answer about its batch: that may be older, and waits for it. */
export const hearEarly = (task: Task) => early.set(task.queue_id, [...(early.get(task.queue_id) ?? []), task])

/** The first answer about a batch's tasks, with what was heard while it was on its way. */
export function withEarly(queueId: number, answer: Task[]): Task[] {
  const heard = early.get(queueId) ?? []
  early.delete(queueId)
  const listed = new Set(answer.map(({ id }) => id))
  const all = [...answer, ...heard.filter(({ id }, at) => !listed.has(id) && heard.findIndex((one) => one.id === id) === at)]
  return all.map((task) => heard.filter(({ id }) => id === task.id).reduce<Task>(newer, task))
}

// For the query cache, which asks what to keep when an answer comes. What is equal keeps its identity, or views would
// take every answer for a change.

export const keepNewer = (now: unknown, next: unknown) => replaceEqualDeep(now, newer<Queue>(now as Queue | undefined, next as Queue))

export const keepNewerTasks = (now: unknown, next: unknown) =>
  now && next ? replaceEqualDeep(now, newerOf(now as Task[], next as Task[])) : next

export function keepNewerPages(now: unknown, next: unknown) {
  if (!now || !next) return next
  const known = (now as InfiniteData<Page<Queue>>).pages.flatMap((page) => page.items)
  const answer = next as InfiniteData<Page<Queue>>
  const pages = answer.pages.map((page) => ({ ...page, items: newerOf(known, page.items) }))
  return replaceEqualDeep(now, { ...answer, pages })
}
