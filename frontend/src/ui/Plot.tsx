// A chart over time, drawn by uPlot on a canvas. Loaded only where a chart is; what it shows is always there as a table, too.
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useLanguage } from '@/i18n'
import { useDark } from '@/lib/theme'

export interface Series {
  label: string
  /** A colour token: `ok` for `--ok`. */
  tone: string
  values: (number | null)[]
  dashed?: boolean
}

export interface PlotProps {
  label: string
  /** Seconds since 1970, rising. */
  times: number[]
  series: Series[]
  /** Bars stand on one another, lines are on their own. */
  kind: 'bars' | 'lines'
  format: (value: number) => string
}

const HEIGHT = 190

export default function Plot({ label, times, series, kind, format }: PlotProps) {
  const { locale } = useLanguage()
  const dark = useDark()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const [at, point] = useState<number | null>(null)
  const shape = series.map((each) => each.label + each.tone).join()
  const data = drawn(times, series, kind)

  useEffect(() => {
    const node = place.current!
    const options = optionsFor(node, locale, series, kind, format, point)
    plot.current = new uPlot(options, data, node)
    const follow = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height: HEIGHT }))
    follow.observe(node)
    return () => {
      follow.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
    // data has an effect of its own; `format` and `series` only change with language and shape
  }, [locale, dark, shape, kind])
  useEffect(() => plot.current?.setData(data), [data])

  const time = new Intl.DateTimeFormat(locale, { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' })
  return (
    <>
      <p className="plot-readout num" aria-hidden="true">
        {series.map((each) => {
          const value = at === null ? null : each.values[at]
          return (
            <span key={each.label} className="plot-key" data-tone={each.tone} data-dashed={each.dashed || undefined}>
              {each.label} {value !== null && value !== undefined && <strong>{format(value)}</strong>}
            </span>
          )
        })}
        {at !== null && times[at] !== undefined && <span className="quiet">{time.format(times[at] * 1000)}</span>}
      </p>
      <div ref={place} className="plot" role="img" aria-label={label} style={{ height: HEIGHT }} />
    </>
  )
}

/** Of stacked bars the sum is drawn first, and the first series over it. */
function drawn(times: number[], series: Series[], kind: PlotProps['kind']): uPlot.AlignedData {
  if (kind === 'lines') return [times, ...series.map((each) => each.values)]
  const stacked = series.map((_, top) =>
    times.map((_time, at) => series.slice(0, top + 1).reduce((sum, each) => sum + (each.values[at] ?? 0), 0)),
  )
  return [times, ...stacked.reverse()]
}

function optionsFor(
  node: HTMLElement,
  locale: string,
  series: Series[],
  kind: PlotProps['kind'],
  format: (value: number) => string,
  point: (at: number | null) => void,
): uPlot.Options {
  const colour = (tone: string) => resolved(node, tone)
  const axis = { stroke: colour('ink-3'), font: `12px ${getComputedStyle(node).fontFamily}`, ticks: { show: false } }
  const grid = { stroke: colour('line'), width: 1 }
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
  const day = new Intl.DateTimeFormat(locale, { month: 'numeric', day: 'numeric' })
  const bars = uPlot.paths.bars!({ size: [0.7, 24] })
  const styled = series.map((each) => ({
    stroke: colour(each.tone),
    ...(kind === 'bars' ? { fill: colour(each.tone), paths: bars } : { width: 2 }),
    ...(each.dashed && { dash: [6, 4] }),
    // a lone value between gaps would not show as a line
    points: { show: kind === 'lines', size: 5, fill: colour(each.tone) },
  }))
  return {
    width: node.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high * 1.08, kind === 'bars' ? 4 : 1)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        values: (_plot, splits, _at, _space, step) =>
          splits.map((at) => (step < 86_400 ? clock : day).format(at * 1000)),
      },
      { ...axis, grid, size: 56, space: 36, incrs: kind === 'bars' ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5] : undefined, values: (_plot, splits) => splits.map(format) },
    ],
    series: [{}, ...(kind === 'bars' ? styled.reverse() : styled)],
    hooks: { setCursor: [(plot) => point(plot.cursor.idx ?? null)] },
  }
}

/** A token as the canvas takes it: `light-dark()` is resolved by the element that uses it. */
function resolved(node: HTMLElement, tone: string): string {
  const probe = document.createElement('i')
  probe.style.color = `var(--${tone})`
  node.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}
