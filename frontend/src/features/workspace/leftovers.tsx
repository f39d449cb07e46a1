// What was given but is not in the batch, and why: unusable files, duplicates, and what is over the limit.
import { useState } from 'react'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { useStore } from '@/lib/store'
import { Button } from '@/ui/Button'
import { Notice } from '@/ui/feedback'
import { change, draft, isBad, isIn, isLeftOut, removePhotos } from './draft'
import { fill } from './intake'

const SHOWN_AT_FIRST = 5

export function BadFiles() {
  const text = useText().workspace
  const format = useFormat()
  const [open, setOpen] = useState(false)
  const bad = useStore(draft).photos.filter(isBad)
  if (!bad.length) return null
  const shown = open ? bad : bad.slice(0, SHOWN_AT_FIRST)
  return (
    <div role="status">
      <Notice tone="bad">
        <div className="spread">
          <strong>{text.bad(bad.length)}</strong>
          <Button size="small" onPress={() => removePhotos(isBad)}>
            {text.removeBad}
          </Button>
        </div>
        <ul className="bad-list">
          {shown.map((photo) => (
            <li key={photo.key}>
              <span className="clip">{photo.path}</span>
              <span>
                {photo.problem && text.problems[photo.problem]} · {format.bytes(photo.file.size)}
              </span>
            </li>
          ))}
        </ul>
        {bad.length > shown.length && (
          <div>
            <Button size="small" kind="quiet" onPress={() => setOpen(true)}>
              {text.showAll} ({bad.length})
            </Button>
          </div>
        )}
      </Notice>
    </div>
  )
}

export function Duplicates() {
  const text = useText().workspace
  const { photos } = useStore(draft)
  const count = photos.filter(isLeftOut).length
  if (!count) return null
  const keep = () => change({ photos: photos.map((photo) => (photo.duplicate ? { ...photo, kept: true } : photo)) })
  return (
    <Notice tone="warn" icon="copy">
      <div className="spread">
        <span>{text.duplicateHint(count)}</span>
        <div className="row">
          <Button size="small" onPress={keep}>
            {text.keepDuplicates}
          </Button>
          <Button size="small" kind="quiet" onPress={() => removePhotos(isLeftOut)}>
            {text.dropDuplicates}
          </Button>
        </div>
      </div>
    </Notice>
  )
}

export function Rest({ most }: { most: number }) {
  const text = useText().workspace
  const { rest, photos } = useStore(draft)
  const room = Math.min(rest.length, most - photos.filter(isIn).length)
  if (!rest.length) return null
  return (
    <Notice tone="run" icon="folder">
      <div className="spread">
        <div>
          <strong>{text.rest(rest.length, most)}</strong>
          {room <= 0 && <p className="quiet">{text.restLater}</p>}
        </div>
        <div className="row">
          {room > 0 && (
            <Button size="small" kind="main" onPress={fill}>
              {text.restNow(room)}
            </Button>
          )}
          <Button size="small" kind="quiet" onPress={() => change({ rest: [] })}>
            {text.restDrop}
          </Button>
        </div>
      </div>
      <ul className="rest-list quiet">
        {rest.slice(0, 3).map(({ path }) => (
          <li key={path} className="clip">
            {path}
          </li>
        ))}
        {rest.length > 3 && <li>…</li>}
      </ul>
    </Notice>
  )
}
