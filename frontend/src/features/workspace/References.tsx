import { FileTrigger } from 'react-aria-components'
import { useText } from '@/i18n'
import { problemText } from '@/i18n/problem'
import { fromPicker } from '@/lib/sources'
import { Button, IconButton } from '@/ui/Button'
import { Icon } from '@/ui/icons'
import { isBad, isIn, type Photo, removePhotos, useDraft } from './draft'
import { MOST_REFERENCES, takeReferences } from './intake'
import { IMAGE_TYPES } from './Pickers'
import { retryUploads } from './uploads'

/** Up to three pictures that show the model what is meant; `most` is how many this model takes. */
export function References({ most }: { most: number }) {
  const all = useText()
  const text = all.workspace
  const references = useDraft((now) => now.references)
  const room = Math.min(most, MOST_REFERENCES) - references.filter(isIn).length
  if (!most) return null
  const say = (photo: Photo, at: number) => {
    if (photo.error) return problemText(all, photo.error)
    if (photo.problem) return text.problems[photo.problem]
    return at >= most ? text.referenceUnused : null
  }
  return (
    <div className="field" role="group" aria-label={text.references}>
      <span className="field-label">{text.references}</span>
      <ul className="references">
        {references.map((photo, at) => {
          const trouble = say(photo, at)
          return (
            <li key={photo.key} className="reference" data-out={trouble ? '' : undefined}>
              {photo.thumbnail ? <img src={photo.thumbnail} alt="" draggable={false} /> : <Icon name={isBad(photo) ? 'alert' : 'image'} />}
              {trouble && <span className="reference-note">{trouble}</span>}
              <span className="reference-actions">
                {photo.error?.passing && (
                  <IconButton icon="redo" size="small" kind="plain" label={text.retryOne(photo.path)} onPress={() => retryUploads(photo.key)} />
                )}
                <IconButton
                  icon="close"
                  size="small"
                  kind="plain"
                  label={text.remove(photo.path)}
                  onPress={() => removePhotos((one) => one.key === photo.key)}
                />
              </span>
            </li>
          )
        })}
        {room > 0 && (
          <li>
            <FileTrigger
              allowsMultiple={room > 1}
              acceptedFileTypes={IMAGE_TYPES}
              onSelect={(files) => takeReferences(fromPicker(files).sources.slice(0, room))}
            >
              <Button size="small" icon="add">
                {text.addReference}
              </Button>
            </FileTrigger>
          </li>
        )}
      </ul>
      <p className="quiet">{text.referencesHint(Math.min(most, MOST_REFERENCES))}</p>
    </div>
  )
}
