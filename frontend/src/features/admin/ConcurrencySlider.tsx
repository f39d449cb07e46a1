import { Label, Slider, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components'
import { useText } from '@/i18n'

const MOST = 10

interface Props {
  value: number
  onChange: (value: number) => void
}

/** One to ten images at once, with a word on what each choice asks of the server. */
export function ConcurrencySlider({ value, onChange }: Props) {
  const text = useText().admin
  const advice = value < 3 ? 'low' : value <= 5 ? 'middle' : 'high'
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
          <span key={at}>{at + 1}</span>
        ))}
      </div>
      <p className="advice" data-level={advice}>
        {text.concurrencyAdvice[advice]}
      </p>
    </div>
  )
}
