// What administrators see and change.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { all, client, data } from './client'
import type { AdminPreset, QueueStatus, RuntimeConfig, TaskStatus } from './types'

const LIVE_MS = 3_000
const CHART_MS = 15_000
const LONG_CHART_MS = 60_000

export const adminKeys = {
  config: ['admin', 'config'] as const,
  presets: ['admin', 'presets'] as const,
  queues: ['admin', 'queues'] as const,
  tasks: ['admin', 'tasks'] as const,
  users: ['admin', 'users'] as const,
  stats: ['admin', 'stats'] as const,
  upstreams: ['admin', 'upstreams'] as const,
  audit: ['admin', 'audit'] as const,
  system: ['admin', 'system'] as const,
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

const ORDER_STEP = 10

/** Number the presets as they stand in the list; those that have their number already are left alone. */
export async function orderPresets(list: AdminPreset[]) {
  for (const [at, preset] of list.entries()) {
    const sort_order = (at + 1) * ORDER_STEP
    const path = { preset_id: preset.id }
    if (preset.sort_order !== sort_order) await client.PUT('/api/admin/presets/{preset_id}', { params: { path }, body: { sort_order } })
  }
}

export const deletePreset = (id: number) =>
  client.DELETE('/api/admin/presets/{preset_id}', { params: { path: { preset_id: id } } })

export interface AdminFilter<S> {
  status?: S
  q?: string
  user_id?: number
}

/** A search reads every row, so it is made when asked for and not again and again. */
const refetchInterval = (filter: AdminFilter<string>) => (filter.q ? false : LIVE_MS)

export const adminQueuesQuery = (filter: AdminFilter<QueueStatus>) =>
  infiniteQueryOptions({
    queryKey: [...adminKeys.queues, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(client.GET('/api/admin/batch/queues', { params: { query: { ...filter, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: refetchInterval(filter),
  })

export const adminTasksQuery = (filter: AdminFilter<TaskStatus>) =>
  infiniteQueryOptions({
    queryKey: [...adminKeys.tasks, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(client.GET('/api/admin/batch/tasks', { params: { query: { ...filter, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: refetchInterval(filter),
  })

export const adminCancel = (id: number, note: string) =>
  data(client.POST('/api/admin/batch/queues/{queue_id}/cancel', { params: { path: { queue_id: id } }, body: { note } }))

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

export interface Gift {
  delta: number
  note: string
}

export const adjustCredits = (id: number, gift: Gift, key: string) =>
  data(
    client.POST('/api/admin/users/{user_id}/credits', {
      params: { path: { user_id: id } },
      body: gift,
      headers: { 'Idempotency-Key': key },
    }),
  )

/** Long windows count more rows, so they are asked for less often. */
const chartInterval = (days: number) => (days > 7 ? LONG_CHART_MS : CHART_MS)

export const statsQuery = (days: number) =>
  queryOptions({
    queryKey: [...adminKeys.stats, days],
    queryFn: () => data(client.GET('/api/admin/batch/stats', { params: { query: { days } } })),
    refetchInterval: chartInterval(days),
    placeholderData: keepPreviousData,
  })

export const latencyQuery = (days: number) =>
  queryOptions({
    queryKey: [...adminKeys.stats, 'latency', days],
    queryFn: async () => (await data(client.GET('/api/admin/batch/latency', { params: { query: { days } } }))).items,
    refetchInterval: chartInterval(days),
    placeholderData: keepPreviousData,
  })

export const upstreamsQuery = queryOptions({
  queryKey: adminKeys.upstreams,
  queryFn: async () => (await data(client.GET('/api/admin/upstreams'))).items,
  refetchInterval: LIVE_MS,
})

export const resumeUpstream = (name: string) =>
  data(client.POST('/api/admin/upstreams/{name}/resume', { params: { path: { name } } }))

export const systemQuery = queryOptions({
  queryKey: adminKeys.system,
  queryFn: () => data(client.GET('/api/admin/system')),
  staleTime: 5 * 60_000,
})

export const cleanUp = (older_than_days: number, dry_run: boolean) =>
  data(client.POST('/api/admin/cleanup', { body: { older_than_days, dry_run } }))

export const auditQuery = infiniteQueryOptions({
  queryKey: adminKeys.audit,
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam }) => data(client.GET('/api/admin/audit', { params: { query: { cursor: pageParam } } })),
  getNextPageParam: (page) => page.next_cursor ?? undefined,
})
