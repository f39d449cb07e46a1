// Batches and their tasks: what is cached under which key, and what may be done to them.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { all, client, data } from './client'
import type { Queue, QueueStatus } from './types'

export interface QueueFilter {
  status?: QueueStatus
  q?: string
}

export const queueKeys = {
  all: ['queues'] as const,
  lists: ['queues', 'list'] as const,
  list: (filter: QueueFilter) => ['queues', 'list', filter] as const,
  one: (id: number) => ['queues', 'one', id] as const,
  tasks: (id: number) => ['queues', 'tasks', id] as const,
}

export const configQuery = queryOptions({
  queryKey: ['config'],
  queryFn: () => data(client.GET('/api/batch/config')),
  staleTime: 5 * 60_000,
})

export const presetsQuery = queryOptions({
  queryKey: ['presets'],
  queryFn: async () => (await data(client.GET('/api/batch/presets'))).items,
  staleTime: 5 * 60_000,
})

export const queuesQuery = (filter: QueueFilter) =>
  infiniteQueryOptions({
    queryKey: queueKeys.list(filter),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(client.GET('/api/batch/queues', { params: { query: { ...filter, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })

export const queueQuery = (id: number) =>
  queryOptions({
    queryKey: queueKeys.one(id),
    // its document names no shape, because it may also answer 304
    queryFn: () =>
      data(client.GET('/api/batch/queues/{queue_id}', { params: { path: { queue_id: id } } }) as Promise<{ data?: Queue }>),
  })

export const tasksQuery = (id: number) =>
  queryOptions({
    queryKey: queueKeys.tasks(id),
    queryFn: () =>
      all((cursor) =>
        data(
          client.GET('/api/batch/queues/{queue_id}/tasks', {
            params: { path: { queue_id: id }, query: { limit: 100, cursor } },
          }),
        ),
      ),
  })

/** A batch's first tasks, for its picture in a list; `done` tells when to look again. */
export const coverQuery = (id: number, count: number, done: number) =>
  queryOptions({
    queryKey: ['covers', id, done],
    queryFn: async () => {
      const path = { queue_id: id }
      return (await data(client.GET('/api/batch/queues/{queue_id}/tasks', { params: { path, query: { limit: count } } }))).items
    },
    placeholderData: keepPreviousData,
    staleTime: 5 * 60_000,
  })

export interface NewQueue {
  image_ids: number[]
  prompt: string
  model?: string
  batch_name?: string
  aspect_ratio?: string
  image_size?: string
}

/** Idempotent: the same key answers with the same batch, so a lost answer never charges twice. */
export const createQueue = (body: NewQueue, key: string) =>
  data(client.POST('/api/batch/queues', { body, headers: { 'Idempotency-Key': key } }))

const queue = (id: number) => ({ params: { path: { queue_id: id } } })
const task = (id: number) => ({ params: { path: { task_id: id } } })

export const pauseQueue = (id: number) => data(client.POST('/api/batch/queues/{queue_id}/pause', queue(id)))
export const resumeQueue = (id: number) => data(client.POST('/api/batch/queues/{queue_id}/resume', queue(id)))
export const cancelQueue = (id: number) => data(client.POST('/api/batch/queues/{queue_id}/cancel', queue(id)))
export const retryQueue = (id: number) => data(client.POST('/api/batch/queues/{queue_id}/retry', queue(id)))
export const renameQueue = (id: number, batch_name: string) =>
  data(client.PATCH('/api/batch/queues/{queue_id}', { ...queue(id), body: { batch_name } }))
export const deleteQueue = (id: number) => client.DELETE('/api/batch/queues/{queue_id}', queue(id))
export const retryTask = (id: number) => data(client.POST('/api/batch/tasks/{task_id}/retry', task(id)))
export const cancelTask = (id: number) => data(client.POST('/api/batch/tasks/{task_id}/cancel', task(id)))
export const editTask = (id: number, prompt: string, source: 'generated' | 'original') =>
  data(client.POST('/api/batch/tasks/{task_id}/edit', { ...task(id), body: { prompt, source } }))

/** A plain link: the browser streams the ZIP to disk and sends the cookie by itself. */
export const archiveUrl = (id: number) => `/api/batch/queues/${id}/archive`
