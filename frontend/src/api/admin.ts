// What administrators see and change.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { all, client, data } from './client'
import type { AdminPreset, QueueStatus, RuntimeConfig, TaskStatus } from './types'

const LIVE_MS = 3_000

export const adminKeys = {
  config: ['admin', 'config'] as const,
  presets: ['admin', 'presets'] as const,
  queues: ['admin', 'queues'] as const,
  tasks: ['admin', 'tasks'] as const,
  users: ['admin', 'users'] as const,
}

/** The whole of it is open to everybody, so it needs no rights. */
export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: () => data(client.GET('/api/health')),
  refetchInterval: LIVE_MS,
})

export const runtimeConfigQuery = queryOptions({
  queryKey: adminKeys.config,
  queryFn: () => data(client.GET('/api/admin/config')),
})

export const saveConfig = (change: Partial<RuntimeConfig>) => data(client.PUT('/api/admin/config', { body: change }))

export const adminPresetsQuery = queryOptions({
  queryKey: adminKeys.presets,
  queryFn: () => all((cursor) => data(client.GET('/api/admin/presets', { params: { query: { cursor, limit: 100 } } }))),
})

export type PresetFields = Omit<AdminPreset, 'id'>

export const savePreset = (id: number | null, fields: PresetFields) =>
  id === null
    ? data(client.POST('/api/admin/presets', { body: fields }))
    : data(client.PUT('/api/admin/presets/{preset_id}', { params: { path: { preset_id: id } }, body: fields }))

export const deletePreset = (id: number) =>
  client.DELETE('/api/admin/presets/{preset_id}', { params: { path: { preset_id: id } } })

export interface AdminFilter<S> {
  status?: S
  q?: string
}

export const adminQueuesQuery = (filter: AdminFilter<QueueStatus>) =>
  infiniteQueryOptions({
    queryKey: [...adminKeys.queues, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(client.GET('/api/admin/batch/queues', { params: { query: { ...filter, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: LIVE_MS,
  })

export const adminTasksQuery = (filter: AdminFilter<TaskStatus>) =>
  infiniteQueryOptions({
    queryKey: [...adminKeys.tasks, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(client.GET('/api/admin/batch/tasks', { params: { query: { ...filter, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: LIVE_MS,
  })

export const adminCancel = (id: number) =>
  data(client.POST('/api/admin/batch/queues/{queue_id}/cancel', { params: { path: { queue_id: id } } }))

export const holdDispatcher = () => data(client.POST('/api/admin/batch/pause'))
export const releaseDispatcher = () => data(client.POST('/api/admin/batch/resume'))

export const usersQuery = (q: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [...adminKeys.users, q],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => data(client.GET('/api/admin/users', { params: { query: { q, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })

export const changeUser = (id: number, change: { is_active?: boolean; role?: 'user' | 'admin' }) =>
  data(client.PATCH('/api/admin/users/{user_id}', { params: { path: { user_id: id } }, body: change }))

export const adjustCredits = (id: number, delta: number, note: string) =>
  data(client.POST('/api/admin/users/{user_id}/credits', { params: { path: { user_id: id } }, body: { delta, note } }))
