import { useQuery } from '@tanstack/react-query'
import { Label, Slider, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components'
import { systemQuery } from '@/api/admin'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'

const MOST = 10
const GB = 1024 ** 3
/** Recommended from–to, by the most cores and the most memory (GB) it is meant for: an image in work is decoded in memory. */
const SIZES = [
  { cpus: 2, memory: 3, from: 2, to: 3 },
  { cpus: 4, memory: 7, from: 3, to: 5 },
  { cpus: 8, memory: 15, from: 4, to: 8 },
  { cpus: Infinity, memory: Infinity, from: 6, to: 10 },
]

interface Props {
  value: number
  onChange: (value: number) => void
}

/** One to ten images at once, with what suits this very server. */
export function ConcurrencySlider({ value, onChange }: Props) {
  const text = useText().admin
  const format = useFormat()
  const server = useQuery(systemQuery).data?.server
  const memory = server?.memory_bytes ? server.memory_bytes / GB : Infinity
  const fit = server && SIZES.find((size) => server.cpus <= size.cpus || memory <= size.memory)
  const advice = fit && (value < fit.from ? 'low' : value > fit.to ? 'high' : 'fit')
  return (
    <div className="stack-tight">
      <Slider className="slider" minValue={1} maxValue={MOST} step={1} value={value} onChange={onChange}>
        <Label className="field-label">{text.concurrency}</Label>
        <SliderOutput className="num">{text.concurrencyValue(value)}</SliderOutput>
        <SliderTrack className="slider-track">
          {({ state }) => (
            <>
              <div className="slider-fill" style={{ width: `${state.getThumbPercent(0) * 100}%` }} />
              <SliderThumb className="slider-thumb" />
            </>
          )}
        </SliderTrack>
      </Slider>
      <div className="slider-marks num" aria-hidden="true">
        {Array.from({ length: MOST }, (_, at) => (
          <span key={at} data-fit={(fit && at + 1 >= fit.from && at + 1 <= fit.to) || undefined}>
            {at + 1}
          </span>
        ))}
      </div>
      <p className="advice" data-level={advice}>
        {fit && advice && (
          <>
            <strong className="num">{text.recommended(fit.from, fit.to)}</strong>
            <span className="num">{text.serverSize(server.cpus, server.memory_bytes ? format.bytes(server.memory_bytes) : '')}</span>
            <span>{text.advice[advice]}</span>
          </>
        )}
      </p>
    </div>
  )
}
