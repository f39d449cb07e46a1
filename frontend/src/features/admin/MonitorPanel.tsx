import { useNavigate, useSearch } from '@tanstack/react-router'
import { Trends } from './Trends'
import { DispatcherCard } from './DispatcherCard'
import { MonitorTables } from './MonitorTables'
import { type MonitorSearch, USUAL_DAYS } from './monitor-search'
import { Upstreams } from './Upstreams'

/** Everybody's batches and images as they are now, who edits them, how it went lately, and the switch that holds it all. */
export function MonitorPanel() {
  const search = useSearch({ from: '/home/admin/monitor' })
  const navigate = useNavigate({ from: '/admin/monitor' })
  const change = (next: MonitorSearch) =>
    void navigate({ search: (now) => ({ ...now, ...next }), replace: true, resetScroll: false })
  return (
    <div className="stack">
      <div className="monitor-top">
        <DispatcherCard />
        <Upstreams />
      </div>
      <MonitorTables search={search} onChange={change} />
      <Trends days={search.days ?? USUAL_DAYS} onDays={(days) => change({ days: days === USUAL_DAYS ? undefined : days })} />
    </div>
  )
}
