import { useText } from '@/i18n'
import { problemText } from '@/i18n/problem'
import { IconButton } from '@/ui/Button'
import { Icon } from '@/ui/icons'
import { imageOf, type Photo, uploadError } from './draft'

interface Props {
  photo: Photo
  /** Its number in the batch; null when it is left out. */
  frame: number | null
  busy: boolean
  onRemove: () => void
}

export function PhotoTile({ photo, frame, busy, onRemove }: Props) {
  const text = useText().workspace
  const folders = photo.path.split('/')
  const name = folders.pop()
  return (
    <>
      <div className="tile-picture">
        {photo.thumbnail ? (
          <img src={photo.thumbnail} alt="" decoding="async" />
        ) : photo.check === 'checking' ? (
          <div className="skeleton tile-wait" />
        ) : (
          <p className="tile-note">
            <Icon name="image" size={24} /> {text.noPreview}
          </p>
        )}
        <Upload photo={photo} />
        {photo.duplicate && (
          <span className="badge tile-badge" data-tone="warn">
            {text.duplicate}
          </span>
        )}
        {!busy && (
          <span className="tile-remove">
            <IconButton icon="close" size="small" kind="plain" label={text.remove(photo.path)} onPress={onRemove} />
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

function Upload({ photo }: { photo: Photo }) {
  const all = useText()
  const text = all.workspace
  const error = uploadError(photo)
  if (error) {
    return (
      <p className="tile-upload" data-tone="bad">
        <Icon name="error" size={16} /> {text.uploadFailed}: {problemText(all, error)}
      </p>
    )
  }
  if (imageOf(photo)) {
    return (
      <p className="tile-upload" data-tone="ok">
        <Icon name="checkCircle" size={16} /> {text.uploaded}
      </p>
    )
  }
  if (!photo.upload || !('sent' in photo.upload)) return null
  const percent = Math.round(photo.upload.sent * 100)
  return (
    <div className="tile-upload" role="progressbar" aria-label={photo.path} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
      <div className="progress-track">
        <div className="progress-part" data-tone="run" style={{ width: `${percent}%` }} />
      </div>
    </div>
  )
}
