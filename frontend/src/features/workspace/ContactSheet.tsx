import { useState } from 'react'
import { GridList, GridListItem } from 'react-aria-components'
import { useText } from '@/i18n'
import { useStore } from '@/lib/store'
import { Button } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { draft, isBad, isIn, isLeftOut, type Photo, removePhotos } from './draft'
import { PhotoTile } from './PhotoTile'
import { Pickers } from './Pickers'
import { isBusy, phase } from './start'

/** The photos in the order in which they will come back, numbered like frames on a contact sheet. */
export function ContactSheet({ most }: { most: number }) {
  const text = useText().workspace
  const { photos } = useStore(draft)
  const busy = isBusy(useStore(phase))
  const [asking, ask] = useState(false)
  const good = photos.filter((photo) => !isBad(photo))
  const count = good.filter(isIn).length
  const checking = good.filter((photo) => photo.check === 'checking').length
  const remove = (photo: Photo) => !busy && removePhotos((one) => one.key === photo.key)
  let frame = 0
  return (
    <>
      <div className="sheet-head spread">
        <p className="row">
          <strong className="num">{text.count(count, most)}</strong>
          <span className="quiet" role="status">
            {checking > 0 && text.checking(checking)}
          </span>
        </p>
        <div className="row">
          <Pickers isDisabled={busy} />
          <Button size="small" kind="quiet" icon="trash" isDisabled={busy} onPress={() => ask(true)}>
            {text.clear}
          </Button>
        </div>
      </div>
      <GridList aria-label={text.sheet} layout="grid" keyboardNavigationBehavior="tab" className="sheet">
        {good.map((photo) => {
          if (!isLeftOut(photo)) frame += 1
          return (
            <GridListItem
              key={photo.key}
              id={photo.key}
              textValue={photo.path}
              className="tile"
              data-out={isLeftOut(photo) || undefined}
            >
              <PhotoTile photo={photo} frame={isLeftOut(photo) ? null : frame} busy={busy} onRemove={() => remove(photo)} />
            </GridListItem>
          )
        })}
      </GridList>
      <Confirm
        title={text.clearTitle}
        action={text.clear}
        isOpen={asking}
        onClose={() => ask(false)}
        onConfirm={() => {
          removePhotos(() => true)
          ask(false)
        }}
      >
        {text.clearText}
      </Confirm>
    </>
  )
}
