// One view of two pictures: how near, and which part. All of it in shares of the frame, so frames of any size agree.
import { type PointerEvent, type RefObject, useCallback, useEffect, useRef, useState } from 'react'

export interface View {
  scale: number
  x: number
  y: number
}

const WHOLE: View = { scale: 1, x: 0, y: 0 }
const MOST = 8
export const STEP = 1.5

const within = (value: number, limit: number) => Math.min(limit, Math.max(-limit, value))

/** No further than the picture's edge. */
function held({ scale, x, y }: View): View {
  const limit = (scale - 1) / 2
  return { scale, x: within(x, limit), y: within(y, limit) }
}

interface Point {
  x: number
  y: number
}

const CENTRE: Point = { x: 0, y: 0 }

/** What lies at `at` (measured from the frame's middle) stays there. */
function nearer(view: View, by: number, at: Point): View {
  const scale = Math.min(MOST, Math.max(1, view.scale * by))
  const grown = scale / view.scale
  return held({ scale, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown })
}

export function useZoom() {
  const [view, setView] = useState(WHOLE)
  const zoom = useCallback((by: number, at: Point = CENTRE) => setView((now) => nearer(now, by, at)), [])
  const pan = useCallback((x: number, y: number) => setView((now) => held({ ...now, x: now.x + x, y: now.y + y })), [])
  const reset = useCallback(() => setView(WHOLE), [])
  return { view, zoom, pan, reset }
}

export type Zoom = ReturnType<typeof useZoom>

export const transformOf = ({ scale, x, y }: View) => `translate(${x * 100}%, ${y * 100}%) scale(${scale})`

function pointIn(frame: HTMLElement, event: { clientX: number; clientY: number }): Point {
  const box = frame.getBoundingClientRect()
  return { x: (event.clientX - box.left) / box.width - 0.5, y: (event.clientY - box.top) / box.height - 0.5 }
}

/** The wheel, a double click, dragging and two fingers on a frame. */
export function useZoomGestures(frame: RefObject<HTMLElement | null>, { view, zoom, pan, reset }: Zoom) {
  const fingers = useRef(new Map<number, Point>())
  useEffect(() => {
    const node = frame.current
    if (!node) return
    // React listens passively, and the browser would zoom the whole page
    const onWheel = (event: WheelEvent) => {
      event.preventDefault()
      zoom(Math.exp(-event.deltaY / 400), pointIn(node, event))
    }
    node.addEventListener('wheel', onWheel, { passive: false })
    return () => node.removeEventListener('wheel', onWheel)
  }, [frame, zoom])
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (!frame.current) return
    fingers.current.set(event.pointerId, pointIn(frame.current, event))
    if (view.scale > 1 || fingers.current.size > 1) event.currentTarget.setPointerCapture(event.pointerId)
  }
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const before = fingers.current.get(event.pointerId)
    if (!before || !frame.current) return
    const now = pointIn(frame.current, event)
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1]
    if (other) zoom(apart(now, other) / Math.max(apart(before, other), 0.01), other)
    else pan(now.x - before.x, now.y - before.y)
    fingers.current.set(event.pointerId, now)
  }
  const onPointerUp = (event: PointerEvent<HTMLElement>) => fingers.current.delete(event.pointerId)
  const onDoubleClick = (event: { clientX: number; clientY: number }) => {
    if (view.scale > 1) reset()
    else if (frame.current) zoom(2.5, pointIn(frame.current, event))
  }
  return { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: onPointerUp, onDoubleClick }
}

const apart = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y)
