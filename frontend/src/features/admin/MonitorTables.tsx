import { useState } from 'react'
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { useText } from '@/i18n'
import { statuses, taskStatuses } from '@/lib/statuses'
import { Button } from '@/ui/Button'
import { SearchField } from '@/ui/SearchField'
import { Select } from '@/ui/Select'
import { QueuesTable } from './QueuesTable'
import { TasksTable } from './TasksTable'
import { filterFor, type MonitorSearch } from './monitor-search'

export interface Owner {
  id: number
  name: string
}

/** Batches or images, filtered as the address says. */
export function MonitorTables({ search, onChange }: { search: MonitorSearch; onChange: (next: MonitorSearch) => void }) {
  const all = useText()
  const text = all.admin
  const { of = 'queues', status, q, user } = search
  const [chosen, choose] = useState<Owner | null>(null)
  const offered = of === 'queues' ? statuses : taskStatuses
  const only = (owner: Owner) => {
    choose(owner)
    onChange({ user: owner.id })
  }
  return (
    <section className="card stack">
      <div className="spread">
        <ToggleButtonGroup
          aria-label={text.tabs.monitor}
          className="chips"
          disallowEmptySelection
          selectedKeys={[of]}
          onSelectionChange={([key]) => onChange({ of: key === 'tasks' ? 'tasks' : undefined, status: undefined })}
        >
          {(['queues', 'tasks'] as const).map((kind) => (
            <ToggleButton key={kind} id={kind} className="chip">
              {text[kind]}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
        <div className="history-filters">
          <SearchField
            label={text.search}
            value={q ?? ''}
            onSubmit={(words) => onChange({ q: words.trim() || undefined })}
            onClear={() => onChange({ q: undefined })}
          />
          <Select
            bare
            label={text.status}
            value={status ?? 'any'}
            onChange={(next) => onChange({ status: next === 'any' ? undefined : next })}
            choices={[
              { id: 'any' as const, label: text.anyStatus },
              ...offered.map((id) => ({ id, label: all.shell.statuses[id] })),
            ]}
          />
        </div>
      </div>
      {user && (
        <p className="row">
          <span className="badge">{text.onlyUser(chosen?.id === user ? chosen.name : `#${user}`)}</span>
          <Button size="small" kind="quiet" icon="close" onPress={() => onChange({ user: undefined })}>
            {text.anyUser}
          </Button>
        </p>
      )}
      {of === 'queues' ? (
        <QueuesTable filter={filterFor(statuses, search)} onUser={only} />
      ) : (
        <TasksTable filter={filterFor(taskStatuses, search)} onUser={only} />
      )}
    </section>
  )
}
