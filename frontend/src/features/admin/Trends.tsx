import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { latencyQuery, statsQuery } from '@/api/admin'
import type { Stats } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { Chart } from './Chart'
import { Errors } from './Errors'

const WINDOWS = [1, 7, 30, 90]

/** How the last days went: what came out, how long it took, and what went wrong. */
export function Trends({ days, onDays }: { days: number; onDays: (days: number) => void }) {
  const text = useText().admin.trends
  const stats = useQuery(statsQuery(days))
  return (
    <section className="stack" aria-labelledby="trends">
      <div className="spread">
        <h2 id="trends">{text.title}</h2>
        <ToggleButtonGroup
          aria-label={text.window}
          className="chips"
          disallowEmptySelection
          selectedKeys={[days]}
          onSelectionChange={([key]) => onDays(Number(key))}
        >
          {WINDOWS.map((count) => (
            <ToggleButton key={count} id={count} className="chip">
              {text.days(count)}
            </ToggleButton>
          ))}
        </ToggleButtonGroup>
      </div>
      {stats.isError && !stats.data && <ErrorNotice error={stats.error} onRetry={() => void stats.refetch()} />}
      {stats.isPending && <Skeleton height="25.5rem" />}
      {stats.data && <Facts stats={stats.data} />}
      {stats.data && <Charts stats={stats.data} days={days} />}
    </section>
  )
}

function Facts({ stats }: { stats: Stats }) {
  const text = useText().admin.trends
  const format = useFormat()
  const ended = stats.completed_images + stats.failed_images
  const { p50, p95 } = stats.latency_seconds
  const seconds = (value: number | null) => (value === null ? '–' : text.seconds(format.number(Math.round(value * 10) / 10)))
  const tiles: [string, string, string][] = [
    [text.completed, format.number(stats.completed_images), text.ofAll(format.number(stats.total_images))],
    [text.failed, format.number(stats.failed_images), text.rate(ended ? format.percent(stats.failed_images / ended) : '–')],
    [text.typical, seconds(p50), text.slowest(seconds(p95))],
    [text.spent, format.number(stats.credits.spent), text.creditsBack(format.number(stats.credits.held), format.number(stats.credits.released))],
  ]
  return (
    <dl className="tiles">
      {tiles.map(([name, value, more]) => (
        <div key={name} className="card stat">
          <dt>{name}</dt>
          <dd>
            <strong className="num">{value}</strong>
            <span className="quiet num">{more}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Charts({ stats, days }: { stats: Stats; days: number }) {
  const text = useText().admin.trends
  const format = useFormat()
  const latency = useQuery(latencyQuery(days))
  const throughput = useMemo(
    () => ({
      times: stats.throughput.map(({ time }) => Date.parse(time) / 1000),
      completed: stats.throughput.map(({ completed }) => completed),
      failed: stats.throughput.map(({ failed }) => failed),
    }),
    [stats.throughput],
  )
  const took = useMemo(() => {
    const items = latency.data ?? []
    return {
      times: items.map(({ time }) => Date.parse(time) / 1000),
      p50: items.map(({ p50 }) => p50),
      p95: items.map(({ p95 }) => p95),
    }
  }, [latency.data])
  return (
    <div className="charts">
      <Chart
        title={text.throughput}
        kind="bars"
        times={throughput.times}
        series={[
          { label: text.completed, tone: 'ok', values: throughput.completed },
          { label: text.failed, tone: 'bad', values: throughput.failed },
        ]}
        format={format.number}
      />
      {latency.isError && !latency.data && <ErrorNotice error={latency.error} onRetry={() => void latency.refetch()} />}
      {latency.isPending && <Skeleton height="17rem" />}
      {latency.data && (
        <Chart
          title={text.latency}
          kind="lines"
          times={took.times}
          series={[
            { label: text.half, tone: 'run', values: took.p50 },
            { label: text.most, tone: 'warn', values: took.p95, dashed: true },
          ]}
          format={(value) => text.seconds(format.number(value))}
        />
      )}
      <Errors counts={stats.errors_by_code} />
    </div>
  )
}
