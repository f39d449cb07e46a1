import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { type Filter, filters, passes } from './versions'

interface Props {
  tasks: Task[]
  value: Filter
  onChange: (filter: Filter) => void
}

/** Which images show; a state that no image is in is not offered. */
export function FilterTabs({ tasks, value, onChange }: Props) {
  const text = useText().batches
  const counted = filters.map((filter) => ({ filter, count: tasks.filter((task) => passes(task, filter)).length }))
  const offered = counted.filter(({ filter, count }) => filter === 'all' || filter === value || count > 0)
  return (
    <ToggleButtonGroup
      aria-label={text.filter}
      className="chips"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={([key]) => onChange(key as Filter)}
    >
      {offered.map(({ filter, count }) => (
        <ToggleButton key={filter} id={filter} className="chip num">
          {text.show[filter]} {count}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  )
}
