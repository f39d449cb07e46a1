import { type KeyboardEvent, useMemo } from 'react'
import { Checkbox, GridList, GridListItem, type Selection, Virtualizer } from 'react-aria-components'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { Empty } from '@/ui/feedback'
import { Icon } from '@/ui/icons'
import { CardLayout, layoutOptions } from './card-layout'
import { useCardSize } from './card-size'
import { ResultCard } from './ResultCard'
import type { Shown } from './versions'

interface Props {
  shown: Shown[]
  selected: Selection
  onSelect: (keys: Selection) => void
  onOpen: (task: Task) => void
  onEdit: (tasks: Task[]) => void
}

/** One card an image, and only those on the screen. Arrows move, Enter compares, Space selects, Shift extends. */
export function ResultGrid({ shown, selected, onSelect, onOpen, onEdit }: Props) {
  const text = useText().batches
  const size = useCardSize()
  const options = useMemo(() => layoutOptions(size), [size])
  if (!shown.length) return <Empty icon="image" title={text.nothingHere} />
  const open = (id: string | undefined) => {
    const one = shown.find(({ task }) => String(task.id) === id)
    if (one) onOpen(one.task)
  }
  // with something selected, Enter would select as Space does
  const onKey = (event: KeyboardEvent) => {
    const card = event.target as HTMLElement
    if (event.key !== 'Enter' || card.role !== 'row') return
    event.preventDefault()
    event.stopPropagation()
    open(card.dataset.key)
  }
  return (
    <div onKeyDownCapture={onKey} className="results-frame">
      <Virtualizer layout={CardLayout} layoutOptions={options}>
        <GridList
          aria-label={text.results}
          layout="grid"
          keyboardNavigationBehavior="tab"
          className="results"
          selectionMode="multiple"
          selectedKeys={selected}
          onSelectionChange={onSelect}
          onAction={(key) => open(String(key))}
        >
          {shown.map((one) => (
            <GridListItem
              key={one.task.id}
              id={String(one.task.id)}
              textValue={one.task.original_filename}
              className="result"
              data-status={one.task.status}
            >
              <Checkbox slot="selection" className="result-check">
                <Icon name="check" size={16} />
              </Checkbox>
              <ResultCard shown={one} onEdit={onEdit} />
            </GridListItem>
          ))}
        </GridList>
      </Virtualizer>
    </div>
  )
}
