import { lazy, Suspense, useId, useState } from 'react'
import { useLanguage, useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { Skeleton } from '@/ui/feedback'
import type { PlotProps } from '@/ui/Plot'

const Plot = lazy(() => import('@/ui/Plot'))

/** A chart with its name, and the same numbers as a table for whoever would rather read them. */
export function Chart({ title, hint, ...plot }: Omit<PlotProps, 'label'> & { title: string; hint?: string }) {
  const text = useText().admin.trends
  const [asTable, show] = useState(false)
  const id = useId()
  return (
    <section className="card stack-tight chart" aria-labelledby={id}>
      <div className="spread">
        <h3 id={id}>{title}</h3>
        <Button size="small" kind="quiet" icon={asTable ? 'monitor' : 'list'} aria-pressed={asTable} onPress={() => show(!asTable)}>
          {asTable ? text.asChart : text.asTable}
        </Button>
      </div>
      {hint && <p className="quiet">{hint}</p>}
      {asTable ? (
        <PlotTable label={title} {...plot} />
      ) : (
        <Suspense fallback={<Skeleton height="13.5rem" />}>
          <Plot label={title} {...plot} />
        </Suspense>
      )}
    </section>
  )
}

function PlotTable({ label, times, series, kind, format }: PlotProps) {
  const { text, locale } = useLanguage()
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' })
  // steps in which nothing happened say nothing
  const says = (value: number | null | undefined) => (kind === 'bars' ? Boolean(value) : typeof value === 'number')
  const rows = times.map((_, at) => at).filter((at) => series.some((each) => says(each.values[at])))
  if (!rows.length) return <p className="quiet chart-empty">{text.admin.trends.nothing}</p>
  return (
    <div className="table-wrap chart-table" tabIndex={0} role="region" aria-label={label}>
      <table className="table num">
        <thead>
          <tr>
            <th scope="col">{text.admin.trends.time}</th>
            {series.map((each) => (
              <th key={each.label} scope="col" className="right">
                {each.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.reverse().map((at) => (
            <tr key={at}>
              <td>{time.format(times[at]! * 1000)}</td>
              {series.map((each) => {
                const value = each.values[at]
                return (
                  <td key={each.label} className="right">
                    {value === null || value === undefined ? '–' : format(value)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
