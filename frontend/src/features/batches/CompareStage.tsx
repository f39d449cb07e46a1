import { type CSSProperties, useState } from 'react'
import { Slider, SliderThumb, SliderTrack } from 'react-aria-components'
import type { Image, Task } from '@/api/types'
import { useText } from '@/i18n'
import { Icon } from '@/ui/icons'
import { StatusBadge } from '@/ui/StatusBadge'

export type Mode = 'slider' | 'side'

/** Both pictures fill the same frame, whatever their own proportions. */
export function Stage({ task, mode }: { task: Task; mode: Mode }) {
  const text = useText().batches
  const { original_image: original, generated_image: generated } = task
  if (original && generated && mode === 'slider') return <Overlay original={original} generated={generated} />
  return (
    <div className="compare-stage compare-side">
      {original && <Side image={original} label={text.original} />}
      {generated ? (
        <Side image={generated} label={text.result} />
      ) : (
        <div className="compare-none">
          <StatusBadge status={task.status} />
        </div>
      )}
    </div>
  )
}

function Side({ image, label }: { image: Image; label: string }) {
  return (
    <figure>
      <img src={image.url} alt={label} width={image.width} height={image.height} />
      <figcaption className="badge">{label}</figcaption>
    </figure>
  )
}

/** The divider is a slider: dragged, tapped anywhere, or moved by arrows, Page Up/Down, Home and End. */
function Overlay({ original, generated }: { original: Image; generated: Image }) {
  const text = useText().batches
  const [at, setAt] = useState(50)
  const style = { '--at': `${at}%`, '--ratio': `${generated.width} / ${generated.height}` } as CSSProperties
  return (
    <div className="compare-stage">
      <Slider aria-label={text.divider} className="compare-slider" value={at} onChange={setAt} step={1} style={style}>
        <SliderTrack className="compare-track">
          <img src={original.url} alt={text.original} draggable={false} />
          <img src={generated.url} alt={text.result} draggable={false} className="compare-top" />
          <span className="badge compare-label" data-side="original">
            {text.original}
          </span>
          <span className="badge compare-label" data-side="result">
            {text.result}
          </span>
          <SliderThumb className="compare-thumb" autoFocus>
            <Icon name="compare" size={20} />
          </SliderThumb>
        </SliderTrack>
      </Slider>
    </div>
  )
}
