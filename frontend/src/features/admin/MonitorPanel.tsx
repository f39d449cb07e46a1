import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { healthQuery, holdDispatcher, releaseDispatcher } from '@/api/admin'
import { useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { SearchField } from '@/ui/SearchField'
import { Icon } from '@/ui/icons'
import { Select } from '@/ui/Select'
import { statuses, taskStatuses } from '@/lib/statuses'
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { QueuesTable } from './QueuesTable'
import { TasksTable } from './TasksTable'
import { filterFor, type MonitorSearch } from './monitor-search'

/** Everybody's batches and images as they are now, and the switch that holds them all. */
export function MonitorPanel() {
  const all = useText()
  const text = all.admin
  const search = useSearch({ from: '/home/admin/monitor' })
  const navigate = useNavigate({ from: '/admin/monitor' })
  const { of = 'queues', status, q } = search
  const change = (next: MonitorSearch) => void navigate({ search: (now) => ({ ...now, ...next }), replace: true })
  const offered = of === 'queues' ? statuses : taskStatuses
  return (
    <div className="stack">
      <DispatcherCard />
      <section className="card stack">
        <div className="spread">
          <ToggleButtonGroup
            aria-label={text.tabs.monitor}
            className="chips"
            disallowEmptySelection
            selectedKeys={[of]}
            onSelectionChange={([key]) => change({ of: key as 'queues' | 'tasks', status: undefined })}
          >
            {(['queues', 'tasks'] as const).map((kind) => (
              <ToggleButton key={kind} id={kind} className="chip">
                {text[kind]}
              </ToggleButton>
            ))}
          </ToggleButtonGroup>
          <div className="history-filters">
            <SearchField
              key={q ? 'searched' : 'fresh'}
              label={text.search}
              defaultValue={q}
              onSubmit={(words) => change({ q: words.trim() || undefined })}
              onClear={() => change({ q: undefined })}
            />
            <Select
              bare
              label={text.status}
              value={status ?? 'any'}
              onChange={(next) => change({ status: next === 'any' ? undefined : next })}
              choices={[
                { id: 'any' as const, label: text.anyStatus },
                ...offered.map((id) => ({ id, label: all.shell.statuses[id] })),
              ]}
            />
          </div>
        </div>
        {of === 'queues' ? (
          <QueuesTable filter={filterFor(statuses, status, q)} />
        ) : (
          <TasksTable filter={filterFor(taskStatuses, status, q)} />
        )}
      </section>
    </div>
  )
}

function DispatcherCard() {
  const text = useText().admin.dispatcher
  const cache = useQueryClient()
  const health = useQuery(healthQuery)
  const act = useMutation({
    mutationFn: (verb: () => Promise<unknown>) => verb(),
    onSuccess: () => cache.invalidateQueries({ queryKey: healthQuery.queryKey }),
  })
  if (health.isError && !health.data) return <ErrorNotice error={health.error} onRetry={() => void health.refetch()} />
  if (!health.data) return <Skeleton height="6rem" />
  const { status, concurrency, in_flight, pending } = health.data.dispatcher
  const paused = status === 'paused'
  return (
    <section className="card spread dispatcher">
      <div className="row" role="status">
        <span className="light" data-state={status}>
          <Icon name={paused ? 'pause' : 'play'} />
        </span>
        <div>
          <strong>{text[status]}</strong>
          <p className="quiet num">{text.facts(in_flight, concurrency, pending)}</p>
        </div>
      </div>
      <div className="dispatcher-act">
        <Button
          kind={paused ? 'main' : 'plain'}
          icon={paused ? 'play' : 'pause'}
          isPending={act.isPending}
          isDisabled={status === 'draining'}
          onPress={() => act.mutate(paused ? releaseDispatcher : holdDispatcher)}
        >
          {paused ? text.resume : text.pause}
        </Button>
        <span className="quiet">{text.hint}</span>
      </div>
      {act.isError && <ErrorNotice error={act.error} />}
    </section>
  )
}
