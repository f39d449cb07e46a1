import type { ReactElement, ReactNode } from 'react'
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover, Text } from 'react-aria-components'
import { Icon, type IconName } from './icons'

export interface Action {
  id: string
  label: string
  icon?: IconName
  tone?: 'bad'
  href?: string
  isDisabled?: boolean
  run?: () => void
}

interface Props {
  label: string
  trigger: ReactElement
  actions: readonly Action[]
  note?: ReactNode
}

export function Menu({ label, trigger, actions, note }: Props) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className="popover" placement="bottom end">
        {note && <div className="menu-note">{note}</div>}
        <ActionList label={label} actions={actions} />
      </Popover>
    </MenuTrigger>
  )
}

/** The actions themselves, for a popover that stands elsewhere. */
export function ActionList({ label, actions, onClose }: { label: string; actions: readonly Action[]; onClose?: () => void }) {
  return (
    <AriaMenu aria-label={label} items={actions} {...(onClose && { onClose, autoFocus: 'first' as const })}>
      {(action) => (
        <MenuItem
          id={action.id}
          textValue={action.label}
          href={action.href}
          isDisabled={action.isDisabled}
          onAction={action.run}
          className="option"
          data-tone={action.tone}
        >
          {action.icon && <Icon name={action.icon} />}
          <Text slot="label">{action.label}</Text>
        </MenuItem>
      )}
    </AriaMenu>
  )
}
