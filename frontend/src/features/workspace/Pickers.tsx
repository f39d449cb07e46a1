import { FileTrigger } from 'react-aria-components'
import { useText } from '@/i18n'
import { fromPicker, MOST_ENTRIES } from '@/lib/sources'
import { Button } from '@/ui/Button'
import { say } from '@/ui/toast'
import { takeIn } from './intake'

export const IMAGE_TYPES = ['image/*', '.heic', '.heif', '.tif', '.tiff']
/** Phones offer no folders. */
const canPickFolders = 'webkitdirectory' in HTMLInputElement.prototype && !matchMedia('(pointer: coarse)').matches

/** The way in without dragging. */
export function Pickers({ isMain = false, isDisabled = false }: { isMain?: boolean; isDisabled?: boolean }) {
  const text = useText().workspace
  const size = isMain ? 'medium' : 'small'
  const take = (files: FileList | null) => {
    const { sources, cut } = fromPicker(files)
    takeIn(sources)
    if (cut) say(text.cut(MOST_ENTRIES), 'bad')
  }
  return (
    <div className="row">
      <FileTrigger allowsMultiple acceptedFileTypes={IMAGE_TYPES} onSelect={take}>
        <Button kind={isMain ? 'main' : 'plain'} size={size} icon="image" isDisabled={isDisabled}>
          {text.pickFiles}
        </Button>
      </FileTrigger>
      {canPickFolders && (
        <FileTrigger acceptDirectory onSelect={take}>
          <Button size={size} icon="folder" isDisabled={isDisabled}>
            {text.pickFolder}
          </Button>
        </FileTrigger>
      )}
    </div>
  )
}
