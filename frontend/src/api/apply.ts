// Puts a newer state of a batch or a task into the cache.
import type { InfiniteData } from '@tanstack/react-query'
import { queueKeys } from './batches'
import { queryClient } from './cache'
import { hearEarly, newer } from './newer'
import { meQuery } from './session'
import type { Page, Queue, Task } from './types'

export function applyQueue(next: Queue) {
  let before = queryClient.getQueryData<Queue>(queueKeys.one(next.id))
  queryClient.setQueryData<Queue>(queueKeys.one(next.id), (now) => newer(now, next))
  let listed = false
  queryClient.setQueriesData<InfiniteData<Page<Queue>>>({ queryKey: queueKeys.lists }, (list) => {
    const row = list?.pages.flatMap((page) => page.items).find((queue) => queue.id === next.id)
    if (!list || !row) return list
    listed = true
    before ??= row
    const pages = list.pages.map((page) => ({
      ...page,
      items: page.items.map((queue) => (queue.id === next.id ? newer(queue, next) : queue)),
    }))
    return { ...list, pages }
  })
  if (!listed && !before) void queryClient.invalidateQueries({ queryKey: queueKeys.lists })
  // which lists by status it belongs to has changed
  else if (before && before.status !== next.status) void queryClient.invalidateQueries({ queryKey: queueKeys.lists, predicate: ofOneStatus })
  if (!before || before.credits_held + before.credits_spent !== next.credits_held + next.credits_spent) refreshCredits()
}

const ofOneStatus = ({ queryKey }: { queryKey: readonly unknown[] }) =>
  queryKey.some((part) => typeof part === 'object' && part !== null && 'status' in part && part.status !== undefined)

export function applyTask(next: Task) {
  const key = queueKeys.tasks(next.queue_id)
  const known = queryClient.getQueryState<Task[]>(key)
  if (known && !known.data && known.fetchStatus === 'fetching') hearEarly(next)
  queryClient.setQueryData<Task[]>(key, (tasks) => {
    if (!tasks) return tasks
    if (!tasks.some((task) => task.id === next.id)) return [...tasks, next]
    return tasks.map((task) => (task.id === next.id ? newer(task, next) : task))
  })
}

/** The batch is gone: no list may show it until the server is asked again. */
export function forgetQueue(id: number) {
  queryClient.removeQueries({ queryKey: queueKeys.one(id) })
  queryClient.removeQueries({ queryKey: queueKeys.tasks(id) })
  void queryClient.invalidateQueries({ queryKey: queueKeys.lists })
}

let waiting: ReturnType<typeof setTimeout> | undefined

/** Ask for the balance again, once for a burst of changes. */
export function refreshCredits() {
  waiting ??= setTimeout(() => {
    waiting = undefined
    void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
    void queryClient.invalidateQueries({ queryKey: ['credits'] })
  }, 600)
}
