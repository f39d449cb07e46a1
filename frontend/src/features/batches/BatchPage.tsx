import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { queueQuery, tasksQuery } from '@/api/batches'
import { ProblemError } from '@/api/problem'
import type { Queue, Task } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { queueName } from '@/i18n/queue'
import { usePageTitle } from '@/lib/title'
import { ButtonLink } from '@/ui/Button'
import { Empty, ErrorNotice, Skeleton } from '@/ui/feedback'
import '@/styles/batch.css'
import { BatchHeader } from './BatchHeader'
import { BatchProgress } from './BatchProgress'
import { CompareDialog } from './CompareDialog'
import { EditDialog } from './EditDialog'
import { FilterTabs } from './FilterTabs'
import { ResultGrid } from './ResultGrid'
import { arrange, passes } from './versions'

export function BatchPage() {
  const all = useText()
  const text = all.batches
  const format = useFormat()
  const { id } = useParams({ from: '/home/batches/$id' })
  const queue = useQuery(queueQuery(id))
  const tasks = useQuery(tasksQuery(id))
  usePageTitle(queue.data ? markOf(queue.data) + queueName(all, format, queue.data) : text.title)
  if (queue.error instanceof ProblemError && [404, 422].includes(queue.error.status)) {
    return (
      <Empty icon="search" title={text.missing}>
        <ButtonLink href="/batches">{text.back}</ButtonLink>
      </Empty>
    )
  }
  if (queue.error && !queue.data) return <ErrorNotice error={queue.error} onRetry={() => void queue.refetch()} />
  if (!queue.data) return <Loading />
  return (
    <>
      <BatchHeader queue={queue.data} />
      <BatchProgress queue={queue.data} />
      {tasks.error && !tasks.data && <ErrorNotice error={tasks.error} onRetry={() => void tasks.refetch()} />}
      {tasks.data ? <Results queue={queue.data} tasks={tasks.data} /> : <ResultsLoading count={queue.data.total_images} />}
    </>
  )
}

/** The address says which images show and which one is open, so going back closes it. */
function Results({ queue, tasks }: { queue: Queue; tasks: Task[] }) {
  const { show = 'all', image } = useSearch({ from: '/home/batches/$id' })
  const navigate = useNavigate({ from: '/batches/$id' })
  const [editing, edit] = useState<Task | null>(null)
  const arranged = useMemo(() => arrange(tasks), [tasks])
  const shown = arranged.filter(({ task }) => passes(task, show))
  const open = (next: number | undefined, replace = false) =>
    void navigate({ search: (now) => ({ ...now, image: next }), replace, resetScroll: false })
  return (
    <>
      <FilterTabs
        tasks={tasks}
        value={show}
        onChange={(next) =>
          void navigate({ search: next === 'all' ? {} : { show: next }, replace: true, resetScroll: false })
        }
      />
      <ResultGrid shown={shown} onOpen={(task) => open(task.id)} onEdit={edit} />
      <CompareDialog
        shown={shown}
        openId={image}
        onMove={(task) => open(task.id, true)}
        onClose={() => open(undefined, true)}
        onEdit={edit}
      />
      {editing && <EditDialog queue={queue} task={editing} onClose={() => edit(null)} />}
    </>
  )
}

function Loading() {
  const text = useText().shell
  return (
    <div className="stack" aria-busy="true" aria-label={text.loading} role="status">
      <Skeleton height="2.5rem" width="40%" />
      <Skeleton height="5rem" />
      <ResultsLoading count={6} />
    </div>
  )
}

function ResultsLoading({ count }: { count: number }) {
  return (
    <div className="results">
      {Array.from({ length: Math.min(count, 12) }, (_, at) => (
        <Skeleton key={at} height="14rem" />
      ))}
    </div>
  )
}

/** How far it is, for the tab of somebody who is elsewhere. */
function markOf(queue: Queue): string {
  const ended = queue.completed_images + queue.failed_images + queue.cancelled_images
  const running = queue.status === 'processing' || queue.status === 'pending'
  if (running) return `(${Math.floor((ended / Math.max(queue.total_images, 1)) * 100)}%) `
  return queue.status === 'completed' ? '✓ ' : queue.status === 'failed' ? '! ' : ''
}
