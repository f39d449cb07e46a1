// Form controls: react-aria's behaviour, our looks.
import type { ReactNode } from 'react'
import {
  FieldError,
  Input,
  Label,
  Switch as AriaSwitch,
  type SwitchProps,
  Text,
  TextArea,
  TextField as AriaTextField,
  type TextFieldProps,
} from 'react-aria-components'

export interface Described {
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

export function Switch({ children, ...rest }: Omit<SwitchProps, 'children'> & { children: ReactNode }) {
  return (
    <AriaSwitch {...rest} className="switch">
      <span className="switch-track" />
      <span>{children}</span>
    </AriaSwitch>
  )
}
