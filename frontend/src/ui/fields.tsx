// Form controls: react-aria's behaviour, our looks.
import type { ReactNode } from 'react'
import {
  Checkbox as AriaCheckbox,
  type CheckboxProps,
  FieldError,
  Input,
  Label,
  NumberField as AriaNumberField,
  type NumberFieldProps,
  SearchField as AriaSearchField,
  type SearchFieldProps,
  Switch as AriaSwitch,
  type SwitchProps,
  Text,
  TextArea,
  TextField as AriaTextField,
  type TextFieldProps,
} from 'react-aria-components'
import { Icon } from './icons'

interface Described {
  label: string
  description?: ReactNode
  placeholder?: string
}

type FieldProps = Omit<TextFieldProps, 'children' | 'className'> & Described

export function TextField({ label, description, placeholder, ...rest }: FieldProps) {
  return (
    <AriaTextField {...rest} className="field">
      <Label>{label}</Label>
      <Input className="input" placeholder={placeholder} />
      {description && <Text slot="description">{description}</Text>}
      <FieldError className="field-error" />
    </AriaTextField>
  )
}

export function TextBox({ label, description, placeholder, rows, ...rest }: FieldProps & { rows?: number }) {
  return (
    <AriaTextField {...rest} className="field">
      <Label>{label}</Label>
      <TextArea className="input" placeholder={placeholder} rows={rows} />
      {description && <Text slot="description">{description}</Text>}
      <FieldError className="field-error" />
    </AriaTextField>
  )
}

export function NumberField({ label, description, ...rest }: Omit<NumberFieldProps, 'children'> & Described) {
  return (
    <AriaNumberField {...rest} className="field">
      <Label>{label}</Label>
      <Input className="input num" />
      {description && <Text slot="description">{description}</Text>}
      <FieldError className="field-error" />
    </AriaNumberField>
  )
}

export function SearchField({ label, placeholder, ...rest }: Omit<SearchFieldProps, 'children'> & Described) {
  return (
    <AriaSearchField {...rest} aria-label={label} className="field search">
      <Icon name="search" />
      <Input className="input" placeholder={placeholder ?? label} />
    </AriaSearchField>
  )
}

export function Switch({ children, ...rest }: Omit<SwitchProps, 'children'> & { children: ReactNode }) {
  return (
    <AriaSwitch {...rest} className="switch">
      <span className="switch-track" />
      <span>{children}</span>
    </AriaSwitch>
  )
}

export function Checkbox({ children, ...rest }: Omit<CheckboxProps, 'children'> & { children: ReactNode }) {
  return (
    <AriaCheckbox {...rest} className="check">
      <span className="check-box">
        <Icon name="check" size={16} />
      </span>
      <span>{children}</span>
    </AriaCheckbox>
  )
}
