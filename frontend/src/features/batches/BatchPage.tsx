import { useQuery } from '@tanstack/react-query'
import { type HistoryState, useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router'
import { type CSSProperties, useMemo, useState } from 'react'
import type { Selection } from 'react-aria-components'
import { queueQuery, tasksQuery } from '@/api/batches'
import { ProblemError } from '@/api/problem'
import type { Queue, Task } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { queueName } from '@/i18n/queue'
import { usePageTitle } from '@/lib/title'
import { ButtonLink } from '@/ui/Button'
import { Empty, ErrorNotice } from '@/ui/feedback'
import '@/styles/batch.css'
import { BatchHeader } from './BatchHeader'
import { BatchProgress } from './BatchProgress'
import { useCardSize } from './card-size'
import { CompareDialog } from './CompareDialog'
import { EditDialog } from './EditDialog'
import { isFinal } from './facts'
import { FilterTabs } from './FilterTabs'
import { useTabMark } from './mark'
import { ResultGrid } from './ResultGrid'
import { SamplePanel } from './SamplePanel'
import { SelectionBar } from './SelectionBar'
import { SizeSlider } from './SizeSlider'
import { arrange, passes } from './versions'

const NONE: Task[] = []
const IN_LINE_MS = 5_000

/** While it waits its turn nothing of its own happens, but the others' images before it become fewer. */
const inLine = (queue: Queue | undefined) => queue && !isFinal(queue.status) && queue.queue_position > 0

/** Each batch has a page of its own: nothing that was written or opened on one is there on another. */
export function BatchPage() {
  const { id } = useParams({ from: '/home/batches/$id' })
  return <Batch key={id} id={id} />
}

function Batch({ id }: { id: number }) {
  const all = useText()
  const text = all.batches
  const format = useFormat()
  const queue = useQuery({ ...queueQuery(id), refetchInterval: (query) => (inLine(query.state.data) ? IN_LINE_MS : false) })
  const tasks = useQuery(tasksQuery(id))
  usePageTitle(useTabMark(queue.data) + (queue.data ? queueName(all, format, queue.data) : text.title))
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
      <BatchHeader queue={queue.data} tasks={tasks.data ?? NONE} />
      <BatchProgress queue={queue.data} />
      {tasks.error && !tasks.data && <ErrorNotice error={tasks.error} onRetry={() => void tasks.refetch()} />}
      {tasks.data ? <Results queue={queue.data} tasks={tasks.data} /> : <ResultsLoading count={queue.data.total_images} />}
    </>
  )
}

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** The comparison was opened from the page before this one: closing it goes back there. */
    opened?: boolean
  }
}

/** The address says which images show and which one is open, so going back closes it, and closing it goes back. */
function Results({ queue, tasks }: { queue: Queue; tasks: Task[] }) {
  const { show = 'all', image } = useSearch({ from: '/home/batches/$id' })
  const navigate = useNavigate({ from: '/batches/$id' })
  const [editing, edit] = useState<Task[]>([])
  const [picked, pick] = useState<Selection>(new Set())
  const arranged = useMemo(() => arrange(tasks), [tasks])
  const shown = useMemo(() => arranged.filter(({ task }) => passes(task, show)), [arranged, show])
  const selected = shown.flatMap(({ task }) => (picked === 'all' || picked.has(String(task.id)) ? [task] : []))
  const router = useRouter()
  const goTo = (next: number | undefined, how: { replace: boolean; state: true | HistoryState }) =>
    void navigate({ search: (now) => ({ ...now, image: next }), resetScroll: false, ...how })
  const open = (task: Task) => goTo(task.id, { replace: false, state: { opened: true } })
  const close = () => (router.state.location.state.opened ? router.history.back() : goTo(undefined, { replace: true, state: true }))
  return (
    <>
      {queue.status === 'awaiting_approval' && <SamplePanel queue={queue} tasks={tasks} onOpen={open} />}
      <div className="spread">
        <FilterTabs
          tasks={tasks}
          value={show}
          onChange={(next) =>
            void navigate({ search: next === 'all' ? {} : { show: next }, replace: true, resetScroll: false })
          }
        />
        <SizeSlider />
      </div>
      <ResultGrid shown={shown} selected={picked} onSelect={pick} onOpen={open} onEdit={edit} />
      <SelectionBar
        queueId={queue.id}
        selected={selected}
        all={shown.length}
        onSelectAll={() => pick('all')}
        onClear={() => pick(new Set())}
        onEdit={edit}
      />
      <CompareDialog
        all={arranged}
        shown={shown}
        openId={image}
        onMove={(task) => goTo(task.id, { replace: true, state: true })}
        onClose={close}
        onEdit={edit}
      />
      {editing.length > 0 && (
        <EditDialog
          queue={queue}
          tasks={editing}
          onClose={() => {
            edit([])
            pick(new Set())
          }}
        />
      )}
    </>
  )
}

function Loading() {
  const text = useText().shell
  return (
    <div className="stack batch-loading" aria-busy="true" aria-label={text.loading} role="status">
      <div className="stack-tight">
        <div className="skeleton load-back" />
        <div className="skeleton load-head" />
      </div>
      <div className="skeleton load-progress" />
      <ResultsLoading count={6} />
    </div>
  )
}

/** As many cards as there will be, each as large. */
function ResultsLoading({ count }: { count: number }) {
  const least = useCardSize()
  return (
    <>
      <div className="skeleton load-tabs" aria-hidden="true" />
      <div className="results-loading" style={{ '--least': `${least}px` } as CSSProperties}>
        {Array.from({ length: Math.min(count, 12) }, (_, at) => (
          <div key={at} className="skeleton result-loading" aria-hidden="true" />
        ))}
      </div>
    </>
  )
}
