// What was given but is not in the batch, and why: unusable files, duplicates, and what is over the limit.
import { useState } from 'react'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { problemText } from '@/i18n/problem'
import { useStore } from '@/lib/store'
import { Button } from '@/ui/Button'
import { Notice } from '@/ui/feedback'
import { change, draft, isBad, isIn, isLeftOut, type Photo, removePhotos } from './draft'
import { fill } from './intake'

const SHOWN_AT_FIRST = 5

/** What was pressed goes with what it was about; the photos are what is there then. */
const focusTable = () => document.querySelector<HTMLElement>('.light-table')?.focus({ preventScroll: true })

const removeAll = (leaves: (photo: Photo) => boolean) => {
  removePhotos(leaves)
  focusTable()
}

export function BadFiles() {
  const bad = useStore(draft).photos.filter(isBad)
  // there before what it says: screen readers may not tell what comes along with it
  return (
    <div role="status" className="bad-files">
      {bad.length > 0 && <BadList bad={bad} />}
    </div>
  )
}

function BadList({ bad }: { bad: Photo[] }) {
  const all = useText()
  const text = all.workspace
  const format = useFormat()
  const [open, setOpen] = useState(false)
  const shown = open ? bad : bad.slice(0, SHOWN_AT_FIRST)
  const showAll = () => {
    setOpen(true)
    focusTable()
  }
  return (
    <Notice tone="bad">
      <div className="spread">
        <strong>{text.bad(bad.length)}</strong>
        <Button size="small" onPress={() => removeAll(isBad)}>
          {text.removeBad}
        </Button>
      </div>
      <ul className="bad-list">
        {shown.map((photo) => (
          <li key={photo.key}>
            <span className="clip">{photo.path}</span>
            <span>
              {photo.error ? problemText(all, photo.error) : photo.problem && text.problems[photo.problem]} · {format.bytes(photo.size)}
            </span>
          </li>
        ))}
      </ul>
      {bad.length > shown.length && (
        <div>
          <Button size="small" kind="quiet" onPress={showAll}>
            {text.showAll} ({bad.length})
          </Button>
        </div>
      )}
    </Notice>
  )
}

export function Duplicates() {
  const text = useText().workspace
  const { photos } = useStore(draft)
  const count = photos.filter(isLeftOut).length
  if (!count) return null
  const keep = () => {
    change({ photos: photos.map((photo) => (photo.duplicate ? { ...photo, kept: true } : photo)) })
    focusTable()
  }
  return (
    <Notice tone="warn" icon="copy">
      <div className="spread">
        <span>{text.duplicateHint(count)}</span>
        <div className="row">
          <Button size="small" onPress={keep}>
            {text.keepDuplicates}
          </Button>
          <Button size="small" kind="quiet" onPress={() => removeAll(isLeftOut)}>
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
  const add = () => {
    fill()
    focusTable()
  }
  const drop = () => {
    change({ rest: [] })
    focusTable()
  }
  return (
    <Notice tone="run" icon="folder">
      <div className="spread">
        <div>
          <strong>{text.rest(rest.length, most)}</strong>
          {room <= 0 && <p className="quiet">{text.restLater}</p>}
        </div>
        <div className="row">
          {room > 0 && (
            <Button size="small" kind="main" onPress={add}>
              {photos.length ? text.restNow(room) : text.restNext(room)}
            </Button>
          )}
          <Button size="small" kind="quiet" onPress={drop}>
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
