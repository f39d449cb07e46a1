import { memo } from 'react'
import type { PressEvent } from 'react-aria-components'
import { useText } from '@/i18n'
import { problemText } from '@/i18n/problem'
import { useKeyed } from '@/lib/keyed'
import { IconButton } from '@/ui/Button'
import { Icon } from '@/ui/icons'
import { say } from '@/ui/toast'
import { missOn, type Photo, putFirst, removePhotos, useDraft } from './draft'
import { parts, retryUploads } from './uploads'

interface Props {
  id: string
  /** Its number in the batch; null when it is left out. */
  frame: number | null
  busy: boolean
}

export const PhotoTile = memo(function PhotoTile({ id, frame, busy }: Props) {
  const photo = useDraft(({ photos }) => photos.find(({ key }) => key === id))
  // between its leaving the draft and the grid's hearing of it
  return photo ? <Tile photo={photo} frame={frame} busy={busy} /> : null
})

function Tile({ photo, frame, busy }: Omit<Props, 'id'> & { photo: Photo }) {
  const text = useText().workspace
  const folders = photo.path.split('/')
  const name = folders.pop()
  return (
    <>
      <div className="tile-picture">
        <Picture photo={photo} />
        <Upload photo={photo} busy={busy} />
        {photo.duplicate && (
          <span className="badge tile-badge" data-tone="warn">
            {text.duplicate}
          </span>
        )}
        {!busy && (
          <span className="tile-act tile-remove">
            <IconButton
              icon="close"
              size="small"
              kind="plain"
              label={text.remove(photo.path)}
              onPress={() => removePhotos((one) => one.key === photo.key)}
            />
          </span>
        )}
        {/* a duplicate stays behind what it repeats, or that would be the duplicate */}
        {!busy && frame !== null && frame > 1 && !photo.duplicate && (
          <span className="tile-act tile-first">
            <IconButton
              icon="arrowUp"
              size="small"
              kind="plain"
              label={text.putFirst(photo.path)}
              onPress={(event) => {
                focusTile(event)
                putFirst(photo.key)
                say(text.isFirst(name ?? photo.path))
              }}
            />
          </span>
        )}
      </div>
      <div className="tile-caption">
        <span className="tile-frame mono">{frame === null ? '—' : String(frame).padStart(2, '0')}</span>
        <span className="tile-name" title={photo.path}>
          <span className="clip">{name}</span>
          {folders.length > 0 && <span className="clip tile-folder">{folders.join(' / ')}</span>}
        </span>
      </div>
    </>
  )
}

/** The button goes, the focus stays with its photo and comes along. */
function focusTile({ target }: PressEvent) {
  const tile = target.closest<HTMLElement>('[role=row]')
  tile?.focus({ preventScroll: true })
  requestAnimationFrame(() => tile?.scrollIntoView({ block: 'nearest' }))
}

function Picture({ photo }: { photo: Photo }) {
  const text = useText().workspace
  if (photo.thumbnail) {
    // the server's own thumbnail is missing when the image was tidied up there since
    const missing = async () => {
      const answer = await fetch(photo.thumbnail ?? '', { method: 'HEAD' }).catch(() => null)
      if (answer?.status === 404) missOn(photo.key)
    }
    return <img src={photo.thumbnail} alt="" decoding="async" draggable={false} onError={photo.image && (() => void missing())} />
  }
  if (photo.check === 'checking') return <div className="skeleton tile-wait" />
  return (
    <p className="tile-note">
      <Icon name="image" size={24} /> {text.noPreview}
    </p>
  )
}

function Upload({ photo, busy }: { photo: Photo; busy: boolean }) {
  const all = useText()
  const text = all.workspace
  const part = useKeyed(parts, photo.key)
  if (photo.error) {
    return (
      <div className="tile-upload" data-tone="bad">
        <p>
          <strong>{text.uploadFailed}</strong> {problemText(all, photo.error)}
        </p>
        {photo.error.passing && !busy && (
          <IconButton icon="redo" size="small" kind="plain" label={text.retryOne(photo.path)} onPress={() => retryUploads(photo.key)} />
        )}
      </div>
    )
  }
  if (photo.image) {
    return (
      <span className="tile-done">
        <Icon name="check" size={14} />
        <span className="unseen">{text.uploaded}</span>
      </span>
    )
  }
  if (part === undefined) return null
  const percent = Math.round(part * 100)
  return (
    <div
      className="tile-progress"
      role="progressbar"
      aria-label={text.uploadOf(photo.path)}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <div className="progress-track">
        <div className="progress-part" data-tone="run" style={{ width: `${percent}%` }} />
      </div>
    </div>
  )
}
