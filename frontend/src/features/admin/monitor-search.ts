import type { AdminFilter } from '@/api/admin'
import type { QueueStatus } from '@/api/types'

/** What the monitor shows, as the address says it. */
export interface MonitorSearch {
  of?: 'queues' | 'tasks'
  status?: QueueStatus
  q?: string
  user?: number
  days?: number
}

export const USUAL_DAYS = 7

/** Of an address that anybody may have typed, what makes sense. */
export const readMonitor = (search: Record<string, unknown>, known: readonly QueueStatus[]): MonitorSearch => ({
  ...(search.of === 'tasks' && { of: 'tasks' }),
  ...(known.includes(search.status as QueueStatus) && { status: search.status as QueueStatus }),
  ...(search.q ? { q: String(search.q) } : {}),
  ...(Number.isSafeInteger(search.user) && (search.user as number) > 0 && { user: search.user as number }),
  ...([1, 30, 90].includes(search.days as number) && { days: search.days as number }),
})

/** A status that the other list knows and this one does not filters nothing. */
export const filterFor = <S extends QueueStatus>(known: S[], { status, q, user }: MonitorSearch): AdminFilter<S> => ({
  ...(known.includes(status as S) && { status: status as S }),
  ...(q && { q }),
  ...(user && { user_id: user }),
})
