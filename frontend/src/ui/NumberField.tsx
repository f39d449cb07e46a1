import { Input, Label, NumberField as AriaNumberField, type NumberFieldProps, Text } from 'react-aria-components'
import { type Described, FieldError } from './fields'

export function NumberField({ label, description, ...rest }: Omit<NumberFieldProps, 'children'> & Described) {
  return (
    <AriaNumberField {...rest} className="field">
      <Label>{label}</Label>
      <Input className="input num" />
      {description && <Text slot="description">{description}</Text>}
      <FieldError />
    </AriaNumberField>
  )
}
