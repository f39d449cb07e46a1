import { memo, useEffect, useState } from 'react'
import { GridList, GridListItem } from 'react-aria-components'
import { useText } from '@/i18n'
import { useStore } from '@/lib/store'
import { Button } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { type Draft, isBad, isIn, isLeftOut, removePhotos, useDraft } from './draft'
import { PhotoTile } from './PhotoTile'
import { Pickers } from './Pickers'
import { UploadLine } from './SheetHead'
import { isBusy, phase } from './start'

/** The photos in the order in which they will come back, numbered like frames on a contact sheet. */
export function ContactSheet({ most }: { most: number }) {
  const text = useText().workspace
  const photos = useDraft((now) => now.photos)
  const busy = isBusy(useStore(phase))
  const [asking, ask] = useState(false)
  const good = photos.filter((photo) => !isBad(photo))
  const count = good.filter(isIn).length
  const checking = good.filter((photo) => photo.check === 'checking').length
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
        <UploadLine />
      </div>
      <Sheet busy={busy} />
      <Confirm
        title={text.clearTitle}
        action={text.clear}
        isOpen={asking}
        onClose={() => ask(false)}
        onConfirm={() => {
          const gone = new Set(photos)
          removePhotos((photo) => gone.has(photo))
          ask(false)
        }}
      >
        {text.clearText}
      </Confirm>
    </>
  )
}

/** The grid changes with what is in it and in which order; what becomes of a photo is its tile's own matter. */
const Sheet = memo(function Sheet({ busy }: { busy: boolean }) {
  const text = useText().workspace
  const frames = useByAndBy(useDraft(framesOf))
  return (
    <GridList
      aria-label={text.sheet}
      layout="grid"
      keyboardNavigationBehavior="tab"
      className="sheet"
      items={frames}
      dependencies={[busy]}
    >
      {({ id, path, frame }) => (
        <GridListItem id={id} textValue={path} className="tile" data-out={frame === null || undefined}>
          <PhotoTile id={id} frame={frame} busy={busy} />
        </GridListItem>
      )}
    </GridList>
  )
})

/** As many tiles as are put on the page between two frames: fifty at once would hold it up. */
const TILES_A_FRAME = 10

/** The list, a few more of it with each frame until it is whole. */
function useByAndBy<T>(whole: T[]): T[] {
  const [count, setCount] = useState(TILES_A_FRAME)
  const isPart = count < whole.length
  useEffect(() => {
    if (!isPart) return
    const frame = requestAnimationFrame(() => setCount((now) => now + TILES_A_FRAME))
    return () => cancelAnimationFrame(frame)
  }, [isPart, count])
  return isPart ? whole.slice(0, count) : whole
}

interface Framed {
  id: string
  path: string
  frame: number | null
}

let known: Framed[] = []

/** The usable photos with their numbers. What did not change is the same object, and so is the whole list. */
function framesOf({ photos }: Draft): Framed[] {
  let number = 0
  const before = new Map(known.map((one) => [one.id, one]))
  const frames = photos
    .filter((photo) => !isBad(photo))
    .map((photo) => {
      const frame = isLeftOut(photo) ? null : (number += 1)
      const one = before.get(photo.key)
      return one?.frame === frame ? one : { id: photo.key, path: photo.path, frame }
    })
  if (frames.length !== known.length || frames.some((one, at) => one !== known[at])) known = frames
  return known
}
