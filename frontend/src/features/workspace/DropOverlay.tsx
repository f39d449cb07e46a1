import { useEffect, useState } from 'react'
import { useText } from '@/i18n'
import { fromDrop, MOST_ENTRIES } from '@/lib/sources'
import { useStore } from '@/lib/store'
import { Icon } from '@/ui/icons'
import { say } from '@/ui/toast'
import { takeIn } from './intake'
import { isBusy, phase } from './start'

type Dragging = { items: number } | 'reading' | null

/** The whole window takes a drop; an overlay says so while something is dragged over it. */
export function DropOverlay() {
  const text = useText().workspace
  const [dragging, setDragging] = useState<Dragging>(null)
  const busy = isBusy(useStore(phase))
  useEffect(() => {
    if (busy) return
    // dragenter and dragleave also come from every element inside, so they are counted
    let depth = 0
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files')
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return
      depth += 1
      setDragging({ items: event.dataTransfer?.items.length ?? 0 })
    }
    const leave = () => {
      depth = Math.max(0, depth - 1)
      if (!depth) setDragging(null)
    }
    const drop = async (event: DragEvent) => {
      depth = 0
      if (!hasFiles(event) || !event.dataTransfer) return setDragging(null)
      setDragging('reading')
      try {
        const { sources, cut } = await fromDrop(event.dataTransfer)
        takeIn(sources)
        if (cut) say(text.cut(MOST_ENTRIES), 'bad')
        else if (!sources.length) say(text.nothingDropped, 'bad')
      } finally {
        setDragging(null)
      }
    }
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragleave', leave)
    window.addEventListener('drop', drop)
    return () => {
      window.removeEventListener('dragenter', enter)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('drop', drop)
    }
  }, [busy, text])
  if (!dragging) return null
  return (
    <div className="drop-overlay" role="status">
      <div className="drop-card">
        <Icon name="archive" size={44} />
        <strong>{dragging === 'reading' ? text.reading : text.dropping(dragging.items)}</strong>
        <p>{text.dropHint}</p>
      </div>
    </div>
  )
}
