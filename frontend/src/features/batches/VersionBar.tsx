import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { chainOf, type Shown, sourceOf } from './versions'

interface Props {
  shown: Shown
  fromOrigin: boolean
  onOrigin: (fromOrigin: boolean) => void
  onMove: (task: Task) => void
}

/** Every version of the image to choose from, and how the one on show came to be. */
export function VersionBar({ shown, fromOrigin, onOrigin, onMove }: Props) {
  const text = useText().batches
  const { family, task } = shown
  if (family.length < 2) return null
  const chain = chainOf(shown)
  return (
    <div className="row">
      <ToggleButtonGroup
        aria-label={text.versions}
        className="chips"
        disallowEmptySelection
        selectedKeys={[String(task.id)]}
        onSelectionChange={([key]) => {
          const next = family.find(({ id }) => String(id) === key)
          if (next) onMove(next)
        }}
      >
        {family.map((one, at) => (
          <ToggleButton key={one.id} id={String(one.id)} className="chip">
            {text.version(at + 1)}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
      <ol className="chain" aria-label={text.chain}>
        {chain.map((version, at) => (
          <li key={version} aria-current={at === chain.length - 1 ? 'step' : undefined}>
            {version ? text.version(version) : text.original}
          </li>
        ))}
      </ol>
      {Boolean(sourceOf(shown)?.version) && (
        <ToggleButton className="chip" isSelected={fromOrigin} onChange={onOrigin}>
          {text.compareOrigin}
        </ToggleButton>
      )}
    </div>
  )
}
