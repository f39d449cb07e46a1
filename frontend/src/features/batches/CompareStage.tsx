import { type CSSProperties, type ReactNode, useRef, useState } from 'react'
import { Slider, SliderThumb, SliderTrack } from 'react-aria-components'
import type { Image } from '@/api/types'
import { useText } from '@/i18n'
import { Icon } from '@/ui/icons'
import { transformOf, useZoomGestures, type Zoom } from './zoom'

export const modes = ['slider', 'side', 'hold'] as const
export type Mode = (typeof modes)[number]

/** How a picture of other proportions sits in the frame of the result. */
export type Fit = 'contain' | 'cover'

export interface Side {
  image: Image
  label: string
}

interface Props {
  before: Side
  after: Side
  mode: Mode
  fit: Fit
  zoom: Zoom
}

/** Two pictures in one frame, or each in its own; zoom and position are always those of both. */
export function Stage({ mode, ...pair }: Props) {
  if (mode === 'slider') return <Overlay {...pair} />
  if (mode === 'hold') return <Hold {...pair} />
  return (
    <div className="compare-stage compare-side">
      <Frame side={pair.before} zoom={pair.zoom} />
      <Frame side={pair.after} zoom={pair.zoom} />
    </div>
  )
}

/** A picture that is alone: not edited yet, or not successfully. */
export function Single({ side, zoom, children }: { side: Side; zoom: Zoom; children: ReactNode }) {
  return (
    <div className="compare-stage compare-side">
      <Frame side={side} zoom={zoom} />
      <div className="compare-none">{children}</div>
    </div>
  )
}

function Frame({ side, zoom }: { side: Side; zoom: Zoom }) {
  const frame = useRef<HTMLElement>(null)
  const gestures = useZoomGestures(frame, zoom)
  return (
    <figure ref={frame} className="compare-frame" data-zoomed={zoom.view.scale > 1 || undefined} {...gestures}>
      <Picture side={side} zoom={zoom} fit="contain" />
      <figcaption className="badge compare-label" data-side="before">
        {side.label}
      </figcaption>
    </figure>
  )
}

/** The small picture shows until the large one is here. */
function Picture({ side: { image, label }, zoom, fit }: { side: Side; zoom: Zoom; fit: Fit }) {
  const [loaded, load] = useState(false)
  const style = { '--ratio': image.width / image.height } as CSSProperties
  return (
    <span className="compare-layer" style={{ transform: transformOf(zoom.view) }}>
      {!loaded && <img src={image.thumbnail_url} alt="" className="compare-picture" data-fit={fit} style={style} />}
      <img
        src={image.url}
        alt={label}
        draggable={false}
        onLoad={() => load(true)}
        className="compare-picture"
        data-fit={fit}
        data-loading={!loaded || undefined}
        style={style}
      />
    </span>
  )
}

const ratioOf = (image: Image) => ({ '--frame': image.width / image.height }) as CSSProperties

/** The divider is a slider: dragged, tapped anywhere, or moved by arrows, Page Up/Down, Home and End. */
function Overlay({ before, after, fit, zoom }: Omit<Props, 'mode'>) {
  const text = useText().batches
  const [at, setAt] = useState(50)
  const frame = useRef<HTMLDivElement>(null)
  const { onPointerDown, ...gestures } = useZoomGestures(frame, zoom)
  const zoomed = zoom.view.scale > 1
  return (
    <div className="compare-stage">
      <Slider
        aria-label={text.divider}
        className="compare-slider"
        value={at}
        onChange={setAt}
        step={1}
        style={{ '--at': `${at}%`, ...ratioOf(after.image) } as CSSProperties}
      >
        <SliderTrack className="compare-track" ref={frame}>
          <span className="compare-clip" data-side="before">
            <Picture side={before} zoom={zoom} fit={fit} />
          </span>
          <span className="compare-clip" data-side="after">
            <Picture side={after} zoom={zoom} fit="contain" />
          </span>
          <span className="badge compare-label" data-side="before">
            {before.label}
          </span>
          <span className="badge compare-label" data-side="after">
            {after.label}
          </span>
          <span
            className="compare-grip"
            data-zoomed={zoomed || undefined}
            onPointerDown={(event) => {
              // near enough to pan, dragging moves the picture; the divider has its handle
              if (zoomed) event.stopPropagation()
              onPointerDown(event)
            }}
            {...gestures}
          />
          <SliderThumb className="compare-thumb" autoFocus>
            <Icon name="compare" size={20} />
          </SliderThumb>
        </SliderTrack>
      </Slider>
    </div>
  )
}

/** The result; the earlier picture while a finger, the mouse or Space holds it down. */
function Hold({ before, after, fit, zoom }: Omit<Props, 'mode'>) {
  const text = useText().batches
  const [held, hold] = useState(false)
  const frame = useRef<HTMLButtonElement>(null)
  const gestures = useZoomGestures(frame, zoom)
  return (
    <div className="compare-stage">
      <button
        ref={frame}
        type="button"
        autoFocus
        className="compare-slider compare-hold"
        aria-label={text.holdButton}
        aria-pressed={held}
        style={ratioOf(after.image)}
        {...gestures}
        onPointerDown={(event) => {
          hold(true)
          gestures.onPointerDown(event)
        }}
        onPointerUp={(event) => {
          hold(false)
          gestures.onPointerUp(event)
        }}
        onPointerLeave={() => hold(false)}
        onKeyDown={(event) => event.key === ' ' && hold(true)}
        onKeyUp={(event) => event.key === ' ' && hold(false)}
        onBlur={() => hold(false)}
      >
        <span className="compare-clip" hidden={!held}>
          <Picture side={before} zoom={zoom} fit={fit} />
        </span>
        <span className="compare-clip" hidden={held}>
          <Picture side={after} zoom={zoom} fit="contain" />
        </span>
        <span className="badge compare-label" data-side="before">
          {held ? before.label : text.holdHint}
        </span>
      </button>
    </div>
  )
}
