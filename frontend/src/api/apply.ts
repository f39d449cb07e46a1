// Puts a newer state of a batch or a task into the cache.
import type { InfiniteData } from '@tanstack/react-query'
import { queueKeys } from './batches'
import { queryClient } from './cache'
import { newer } from './newer'
import { meQuery } from './session'
import type { Page, Queue, Task } from './types'

export function applyQueue(next: Queue) {
  const before = queryClient.getQueryData<Queue>(queueKeys.one(next.id))
  queryClient.setQueryData<Queue>(queueKeys.one(next.id), (now) => newer(now, next))
  let listed = false
  queryClient.setQueriesData<InfiniteData<Page<Queue>>>({ queryKey: queueKeys.lists }, (list) => {
    if (!list?.pages.some((page) => page.items.some((queue) => queue.id === next.id))) return list
    listed = true
    const pages = list.pages.map((page) => ({
      ...page,
      items: page.items.map((queue) => (queue.id === next.id ? newer(queue, next) : queue)),
    }))
    return { ...list, pages }
  })
  if (!listed && !before) void queryClient.invalidateQueries({ queryKey: queueKeys.lists })
  if (!before || before.credits_held + before.credits_spent !== next.credits_held + next.credits_spent) refreshCredits()
}

export function applyTask(next: Task) {
  queryClient.setQueryData<Task[]>(queueKeys.tasks(next.queue_id), (tasks) => {
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
