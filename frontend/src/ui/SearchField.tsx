import { useState } from 'react'
import { Input, SearchField as AriaSearchField, type SearchFieldProps } from 'react-aria-components'
import type { Described } from './fields'
import { Icon } from './icons'

type Props = Omit<SearchFieldProps, 'children' | 'value' | 'defaultValue' | 'onChange'> & Described & { value?: string }

/** `value`, where given, is what is searched for now; what is being written follows it, and the field keeps its focus. */
export function SearchField({ label, placeholder, value, ...rest }: Props) {
  const [words, write] = useState(value ?? '')
  const [searched, setSearched] = useState(value)
  if (searched !== value) {
    setSearched(value)
    write(value ?? '')
  }
  return (
    <AriaSearchField {...rest} {...(value !== undefined && { value: words, onChange: write })} aria-label={label} className="field search">
      <Icon name="search" />
      <Input className="input" placeholder={placeholder ?? label} />
    </AriaSearchField>
  )
}
