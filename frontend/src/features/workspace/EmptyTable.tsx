import type { BatchConfig } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Icon } from '@/ui/icons'
import { Pickers } from './Pickers'

const GHOSTS = 24
/** Nothing can be dragged onto a phone. */
const isTouch = matchMedia('(pointer: coarse)').matches

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
        <Icon name="image" size={36} />
        <h2>{isTouch ? text.empty.titleTouch : text.empty.title}</h2>
        <Pickers isMain />
        <p className="quiet">{text.empty.hint(config.max_files, format.bytes(config.max_file_bytes))}</p>
        <p className="quiet">{text.empty.types}</p>
      </div>
    </div>
  )
}
