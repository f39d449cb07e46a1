import { Button, Label, ListBox, ListBoxItem, Popover, Select as AriaSelect, SelectValue, Text } from 'react-aria-components'
import { Icon } from './icons'

export interface Choice<K extends string> {
  id: K
  label: string
  description?: string
}

interface Props<K extends string> {
  label: string
  choices: readonly Choice<K>[]
  value: K
  onChange: (value: K) => void
  isDisabled?: boolean
  /** The label is said but not shown, where the place says it already. */
  bare?: boolean
}

export function Select<K extends string>({ label, choices, value, onChange, isDisabled, bare }: Props<K>) {
  return (
    <AriaSelect
      className="field"
      selectedKey={value}
      onSelectionChange={(key) => key !== null && onChange(key as K)}
      isDisabled={isDisabled}
      aria-label={bare ? label : undefined}
    >
      {!bare && <Label className="field-label">{label}</Label>}
      <Button className="input select-button">
        <SelectValue />
        <Icon name="chevron" />
      </Button>
      <Popover className="popover">
        <ListBox items={choices}>
          {(choice) => (
            <ListBoxItem id={choice.id} textValue={choice.label} className="option">
              {({ isSelected }) => (
                <>
                  <Text slot="label">{choice.label}</Text>
                  {choice.description && <Text slot="description">{choice.description}</Text>}
                  {isSelected && <Icon name="check" className="option-mark" />}
                </>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  )
}
