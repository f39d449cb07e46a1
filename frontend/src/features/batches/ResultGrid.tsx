import { GridList, GridListItem } from 'react-aria-components'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { Empty } from '@/ui/feedback'
import { ResultCard } from './ResultCard'
import type { Shown } from './versions'

interface Props {
  shown: Shown[]
  onOpen: (task: Task) => void
  onEdit: (task: Task) => void
}

/** One card an image: arrows move between them, Enter opens the comparison, Tab goes into a card's buttons. */
export function ResultGrid({ shown, onOpen, onEdit }: Props) {
  const text = useText().batches
  if (!shown.length) return <Empty icon="image" title={text.nothingHere} />
  const byId = new Map(shown.map((one) => [String(one.task.id), one.task]))
  return (
    <GridList
      aria-label={text.results}
      layout="grid"
      keyboardNavigationBehavior="tab"
      className="results"
      onAction={(key) => onOpen(byId.get(String(key))!)}
    >
      {shown.map((one) => (
        <GridListItem
          key={one.task.id}
          id={String(one.task.id)}
          textValue={one.task.original_filename}
          className="result"
          data-status={one.task.status}
        >
          <ResultCard shown={one} onEdit={onEdit} />
        </GridListItem>
      ))}
    </GridList>
  )
}
