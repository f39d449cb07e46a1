import { FileTrigger } from 'react-aria-components'
import { useText } from '@/i18n'
import { fromPicker } from '@/lib/sources'
import { Button } from '@/ui/Button'
import { takeIn } from './intake'

const take = (files: FileList | null) => takeIn(fromPicker(files))
/** Phones offer no folders. */
const canPickFolders = 'webkitdirectory' in HTMLInputElement.prototype && !matchMedia('(pointer: coarse)').matches

/** The way in without dragging. */
export function Pickers({ isMain = false, isDisabled = false }: { isMain?: boolean; isDisabled?: boolean }) {
  const text = useText().workspace
  const size = isMain ? 'medium' : 'small'
  return (
    <div className="row">
      <FileTrigger allowsMultiple acceptedFileTypes={['image/*', '.heic', '.heif', '.tif', '.tiff']} onSelect={take}>
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
