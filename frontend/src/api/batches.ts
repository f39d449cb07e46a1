// Batches and their tasks: what is cached under which key, and what may be done to them.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { all, client, data } from './client'
import { keepNewer, keepNewerPages, keepNewerTasks, withEarly } from './newer'
import type { Queue, QueueStatus } from './types'

export interface QueueFilter {
  status?: QueueStatus
  q?: string
}

const PAGE = 50

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
  queryFn: () => all((cursor) => data(client.GET('/api/batch/presets', { params: { query: { limit: 100, cursor } } }))),
  staleTime: 5 * 60_000,
})

/** Its document names no shape, because it may also answer 304. */
export const queueOf = (id: number) =>
  data(client.GET('/api/batch/queues/{queue_id}', { params: { path: { queue_id: id } } }) as Promise<{ data?: Queue }>)

export const newestQueues = async () =>
  (await data(client.GET('/api/batch/queues', { params: { query: { limit: 100 } } }))).items

export const queuesQuery = (filter: QueueFilter) =>
  infiniteQueryOptions({
    queryKey: queueKeys.list(filter),
    structuralSharing: keepNewerPages,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(client.GET('/api/batch/queues', { params: { query: { ...filter, limit: PAGE, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })

export const queueQuery = (id: number) =>
  queryOptions({
    queryKey: queueKeys.one(id),
    structuralSharing: keepNewer,
    queryFn: () => queueOf(id),
  })

export const tasksQuery = (id: number) =>
  queryOptions({
    queryKey: queueKeys.tasks(id),
    structuralSharing: keepNewerTasks,
    queryFn: async () => {
      const tasks = await all((cursor) =>
        data(
          client.GET('/api/batch/queues/{queue_id}/tasks', {
            params: { path: { queue_id: id }, query: { limit: 100, cursor } },
          }),
        ),
      )
      return withEarly(id, tasks)
    },
  })

/** A batch's first tasks, for its picture in a list; `state` tells when to look again. */
export const coverQuery = (id: number, count: number, state: string) =>
  queryOptions({
    queryKey: ['covers', id, state],
    queryFn: async () => {
      const path = { queue_id: id }
      return (await data(client.GET('/api/batch/queues/{queue_id}/tasks', { params: { path, query: { limit: count } } }))).items
    },
    placeholderData: keepPreviousData,
    staleTime: 5 * 60_000,
  })

/** The reference images that a batch was made with. */
export const referencesQuery = (id: number) =>
  queryOptions({
    queryKey: ['references', id],
    queryFn: async () =>
      (await data(client.GET('/api/batch/queues/{queue_id}/references', { params: { path: { queue_id: id } } }))).items,
    staleTime: 5 * 60_000,
  })

/** What a batch cost, line by line. Its key begins as the ledger's does, so both are asked again together. */
export const receiptQuery = (id: number) =>
  queryOptions({
    queryKey: ['credits', id],
    queryFn: () =>
      all((cursor) => data(client.GET('/api/auth/credits', { params: { query: { queue_id: id, cursor, limit: 100 } } }))),
  })

/** The first pictures of the batches in a list, in one answer; asked again when one of them has ended or was changed after that. */
export const coversQuery = (queues: Queue[]) => {
  const ids = queues.map(({ id }) => id)
  const ended = queues.map(({ version, completed_at }) => (completed_at ? version : 0))
  return queryOptions({
    queryKey: ['covers', 'list', ids, ended],
    queryFn: async () => {
      const found = (await data(client.GET('/api/batch/covers', { params: { query: { queue_ids: ids } } }))).items
      return new Map(found.map((cover) => [cover.queue_id, cover.images]))
    },
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 5 * 60_000,
  })
}

/** What so many images would cost, and how long they would take as things are. */
export const estimateQuery = (model: string, count: number) =>
  queryOptions({
    queryKey: ['estimate', model, count],
    queryFn: () => data(client.POST('/api/batch/queues/estimate', { body: { model, count } })),
    enabled: count > 0,
    placeholderData: keepPreviousData,
    staleTime: 20_000,
  })

/** The user's own prompts, newest first, each once: what was sent before is remembered by the server. */
export const promptsQuery = queryOptions({
  queryKey: ['queues', 'prompts'],
  queryFn: async () => {
    return [...new Set((await newestQueues()).map((queue) => queue.prompt))]
  },
  staleTime: 60_000,
})

export interface NewQueue {
  image_ids: number[]
  prompt: string
  model?: string
  batch_name?: string
  aspect_ratio?: string
  image_size?: string
  reference_image_ids?: number[]
  sample_first?: number
}

/** Idempotent: the same key answers with the same batch, so a lost answer never charges twice. */
export const createQueue = (body: NewQueue, key: string) =>
  data(client.POST('/api/batch/queues', { body, headers: { 'Idempotency-Key': key } }))

const queue = (id: number) => ({ params: { path: { queue_id: id } } })
const task = (id: number) => ({ params: { path: { task_id: id } } })

export const pauseQueue = (id: number) => data(client.POST('/api/batch/queues/{queue_id}/pause', queue(id)))
export const resumeQueue = (id: number) => data(client.POST('/api/batch/queues/{queue_id}/resume', queue(id)))
export const cancelQueue = (id: number) => data(client.POST('/api/batch/queues/{queue_id}/cancel', queue(id)))
export const approveQueue = (id: number, prompt?: string) =>
  data(client.POST('/api/batch/queues/{queue_id}/approve', { ...queue(id), body: { prompt } }))
export const retryQueue = (id: number) => data(client.POST('/api/batch/queues/{queue_id}/retry', queue(id)))
export const renameQueue = (id: number, batch_name: string) =>
  data(client.PATCH('/api/batch/queues/{queue_id}', { ...queue(id), body: { batch_name } }))
export const deleteQueue = (id: number) => client.DELETE('/api/batch/queues/{queue_id}', queue(id))
export const retryTask = (id: number) => data(client.POST('/api/batch/tasks/{task_id}/retry', task(id)))
export const cancelTask = (id: number) => data(client.POST('/api/batch/tasks/{task_id}/cancel', task(id)))
export const editTask = (id: number, body: { prompt: string; source: 'generated' | 'original' }, key: string) =>
  data(client.POST('/api/batch/tasks/{task_id}/edit', { ...task(id), body, headers: { 'Idempotency-Key': key } }))

/** A plain link: the browser streams the ZIP to disk and sends the cookie by itself. */
export const archiveUrl = (id: number, taskIds?: number[]) =>
  `/api/batch/queues/${id}/archive${taskIds ? `?task_ids=${taskIds.join(',')}` : ''}`
