// Form controls: react-aria's behaviour, our looks.
import type { ReactNode } from 'react'
import {
  FieldError as AriaFieldError,
  Input,
  Label,
  Switch as AriaSwitch,
  type SwitchProps,
  Text,
  TextArea,
  TextField as AriaTextField,
  type TextFieldProps,
} from 'react-aria-components'
import { useText } from '@/i18n'

export interface Described {
  label: string
  description?: ReactNode
  placeholder?: string
}

type FieldProps = Omit<TextFieldProps, 'children' | 'className'> & Described

/** What is wrong in the page's language: the browser's own words are in the browser's. */
export function FieldError({ minLength = 0 }: { minLength?: number }) {
  const text = useText().auth
  return (
    <AriaFieldError className="field-error">
      {({ validationDetails: { valueMissing, tooShort, typeMismatch, badInput }, validationErrors }) => {
        if (valueMissing) return text.required
        if (tooShort) return text.tooShort(minLength)
        return typeMismatch || badInput ? text.malformed : validationErrors.join(' ')
      }}
    </AriaFieldError>
  )
}

export function TextField({ label, description, placeholder, ...rest }: FieldProps) {
  return (
    <AriaTextField {...rest} className="field">
      <Label>{label}</Label>
      <Input className="input" placeholder={placeholder} />
      {description && <Text slot="description">{description}</Text>}
      <FieldError minLength={rest.minLength} />
    </AriaTextField>
  )
}

export function TextBox({ label, description, placeholder, rows, ...rest }: FieldProps & { rows?: number }) {
  return (
    <AriaTextField {...rest} className="field">
      <Label>{label}</Label>
      <TextArea className="input" placeholder={placeholder} rows={rows} />
      {description && <Text slot="description">{description}</Text>}
      <FieldError minLength={rest.minLength} />
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
