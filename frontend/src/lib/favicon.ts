// The tab's icon while something is under way: a ring that fills, and a mark at its end.
import { useEffect } from 'react'

export type Mark = { part: number } | 'done' | 'trouble' | null

const TRACK = '#8a8a80'
const COLOURS = { run: '#e0b100', done: '#2c8a4b', trouble: '#c8372d' }
const AROUND = 2 * Math.PI * 12

function draw(mark: Exclude<Mark, null>): string {
  if (mark === 'done') return `<circle cx="16" cy="16" r="15" fill="${COLOURS.done}"/><path d="m9 16.500 5 5 9-10.500" ${LINE}/>`
  if (mark === 'trouble') return `<circle cx="16" cy="16" r="15" fill="${COLOURS.trouble}"/><path d="M16 8v10M16 23v.1" ${LINE}/>`
  const filled = (AROUND * mark.part).toFixed(1)
  const ring = 'cx="16" cy="16" r="12" fill="none" stroke-width="7"'
  return `<circle ${ring} stroke="${TRACK}" stroke-opacity=".45"/><circle ${ring} stroke="${COLOURS.run}" stroke-dasharray="${filled} ${AROUND}" transform="rotate(-90 16 16)"/>`
}

const LINE = 'fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"'

export function useFavicon(mark: Mark) {
  const svg = mark && `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${draw(mark)}</svg>`
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    if (!link || !svg) return
    const before = link.getAttribute('href')!
    link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`
    return () => {
      link.href = before
    }
  }, [svg])
}
