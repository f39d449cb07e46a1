import type { AdminFilter } from '@/api/admin'
import type { QueueStatus } from '@/api/types'

/** What the monitor shows, as the address says it. */
export interface MonitorSearch {
  of?: 'queues' | 'tasks'
  status?: QueueStatus
  q?: string
}

/** A status that the other list knows and this one does not filters nothing. */
export const filterFor = <S extends QueueStatus>(known: S[], status: QueueStatus | undefined, q: string | undefined): AdminFilter<S> => ({
  ...(known.includes(status as S) && { status: status as S }),
  ...(q && { q }),
})
