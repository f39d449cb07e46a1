import { Label, ProgressBar as AriaProgressBar } from 'react-aria-components'

export interface Part {
  tone: 'run' | 'ok' | 'bad' | 'idle'
  count: number
}

interface Props {
  label: string
  total: number
  parts: Part[]
  /** What a screen reader says instead of the percentage. */
  valueText?: string
  bare?: boolean
}

/** Progress in parts: each outcome has its own colour and share of the bar. */
export function ProgressBar({ label, total, parts, valueText, bare }: Props) {
  const done = parts.reduce((sum, part) => sum + part.count, 0)
  return (
    <AriaProgressBar
      className="field"
      value={done}
      maxValue={Math.max(total, 1)}
      valueLabel={valueText}
      aria-label={bare ? label : undefined}
    >
      {!bare && <Label className="num">{label}</Label>}
      <div className="progress-track">
        {parts.map(
          (part) =>
            part.count > 0 && (
              <div
                key={part.tone}
                className="progress-part"
                data-tone={part.tone}
                style={{ width: `${(part.count / Math.max(total, 1)) * 100}%` }}
              />
            ),
        )}
      </div>
    </AriaProgressBar>
  )
}
