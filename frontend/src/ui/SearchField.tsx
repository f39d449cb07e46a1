import { Input, SearchField as AriaSearchField, type SearchFieldProps } from 'react-aria-components'
import type { Described } from './fields'
import { Icon } from './icons'

export function SearchField({ label, placeholder, ...rest }: Omit<SearchFieldProps, 'children'> & Described) {
  return (
    <AriaSearchField {...rest} aria-label={label} className="field search">
      <Icon name="search" />
      <Input className="input" placeholder={placeholder ?? label} />
    </AriaSearchField>
  )
}
