import { Autocomplete, Header, ListBox, ListBoxItem, ListBoxSection, Text, useFilter } from 'react-aria-components'
import type { Preset } from '@/api/types'
import { useText } from '@/i18n'
import { SearchField } from '@/ui/SearchField'

/** Every preset with what it says, found by any part of it. */
export function PresetSearch({ presets, onChoose }: { presets: Preset[]; onChoose: (key: string | number) => void }) {
  const text = useText().workspace
  const { contains } = useFilter({ sensitivity: 'base' })
  const categories = [...new Set(presets.map((preset) => preset.category))]
  return (
    <Autocomplete filter={contains}>
      <SearchField label={text.searchPresets} autoFocus />
      <ListBox
        aria-label={text.presets}
        className="preset-list"
        onAction={onChoose}
        renderEmptyState={() => <p className="quiet preset-none">{text.noPreset}</p>}
      >
        {categories.map((category) => (
          <ListBoxSection key={category} id={category || '-'}>
            {category && <Header className="preset-category">{category}</Header>}
            {presets
              .filter((preset) => preset.category === category)
              .map(({ id, title, content }) => (
                <ListBoxItem key={id} id={String(id)} textValue={`${title} ${category} ${content}`} className="option">
                  <Text slot="label">{title}</Text>
                  <Text slot="description" className="preset-words">
                    {content}
                  </Text>
                </ListBoxItem>
              ))}
          </ListBoxSection>
        ))}
      </ListBox>
    </Autocomplete>
  )
}
