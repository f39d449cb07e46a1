import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { BatchConfig } from '@/api/types'
import bottle from '@/assets/samples/bottle.jpg'
import lake from '@/assets/samples/lake.jpg'
import portrait from '@/assets/samples/portrait.jpg'
import smallBottle from '@/assets/samples/bottle-small.webp'
import smallLake from '@/assets/samples/lake-small.webp'
import smallPortrait from '@/assets/samples/portrait-small.webp'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Icon } from '@/ui/icons'
import { say } from '@/ui/toast'
import { change, draft } from './draft'
import { takeIn } from './intake'
import { Pickers } from './Pickers'
import { usePresets } from './presets'

const GHOSTS = 24
/** Nothing can be dragged onto a phone. */
const isTouch = matchMedia('(pointer: coarse)').matches
const samples = [
  { url: bottle, small: smallBottle, name: 'bottle.jpg' },
  { url: portrait, small: smallPortrait, name: 'portrait.jpg' },
  { url: lake, small: smallLake, name: 'lake.jpg' },
]

/** An empty contact sheet: the frames say what will be here before a word is read. */
export function EmptyTable({ config }: { config: BatchConfig }) {
  const text = useText().workspace
  const format = useFormat()
  return (
    <div className="empty-table">
      <div className="ghosts" aria-hidden="true">
        {Array.from({ length: GHOSTS }, (_, at) => (
          <i key={at}>{String(at + 1).padStart(2, '0')}</i>
        ))}
      </div>
      <div className="empty-card">
        <h2>{isTouch ? text.empty.titleTouch : text.empty.title}</h2>
        <Pickers isMain />
        <p className="quiet">{text.empty.hint(config.max_files, format.bytes(config.max_file_bytes))}</p>
        <p className="quiet">{text.empty.types}</p>
        <Samples />
      </div>
    </div>
  )
}

/** Three photos to try it with: one press, and all that is left to do is to start. */
function Samples() {
  const text = useText().workspace
  const presets = usePresets()
  const [busy, setBusy] = useState(false)
  const use = async () => {
    setBusy(true)
    try {
      const files = await Promise.all(samples.map(fetchSample))
      takeIn(files.map((file) => ({ file, path: `${text.samples.folder}/${file.name}` })))
      const wish = presets.data?.at(-1)?.content
      if (!draft.get().prompt.trim() && wish) change({ prompt: wish })
      focusStart()
    } catch {
      say(text.samples.failed, 'bad')
      setBusy(false)
    }
  }
  return (
    <AriaButton className="try-samples" onPress={() => void use()} isDisabled={busy}>
      <span className="try-pictures" aria-hidden="true">
        {samples.map(({ small, name }) => (
          <img key={name} src={small} alt="" width={72} height={72} draggable={false} />
        ))}
      </span>
      <span className="try-words">
        <strong>{text.samples.title}</strong>
        <span className="quiet">{text.samples.hint}</span>
      </span>
      <Icon name={busy ? 'run' : 'next'} className={busy ? 'spinning' : undefined} />
    </AriaButton>
  )
}

async function fetchSample({ url, name }: { url: string; name: string }): Promise<File> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  // one time for all, so that the same sample taken twice is known as such
  return new File([await response.blob()], name, { type: 'image/jpeg', lastModified: 0 })
}

/** What was pressed is gone; the next thing to do is the start, once the photos are known to be good. */
function focusStart() {
  const leave = draft.subscribe(() => {
    if (draft.get().photos.some((photo) => photo.check === 'checking')) return
    leave()
    requestAnimationFrame(() => {
      // unless somebody went elsewhere meanwhile
      if (document.activeElement === document.body || document.activeElement?.id === 'main') {
        document.querySelector<HTMLElement>('.start-row .btn[data-kind=main]')?.focus()
      }
    })
  })
}
