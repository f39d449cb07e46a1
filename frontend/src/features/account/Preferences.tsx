import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { type Locale, locales, useLanguage } from '@/i18n'
import { setTheme, type Theme, themes, useTheme } from '@/lib/theme'

export function Preferences() {
  const { text, locale, change } = useLanguage()
  const theme = useTheme()
  return (
    <section className="card stack">
      <h2>{text.account.tabs.preferences}</h2>
      <OneOf
        label={text.shell.language}
        options={locales.map((id) => ({ id, label: text.shell.languages[id] }))}
        value={locale}
        onChange={(next) => change(next as Locale)}
      />
      <OneOf
        label={text.shell.theme}
        options={themes.map((id) => ({ id, label: text.shell.themes[id] }))}
        value={theme}
        onChange={(next) => setTheme(next as Theme)}
      />
    </section>
  )
}

interface OneOfProps {
  label: string
  options: { id: string; label: string }[]
  value: string
  onChange: (value: string) => void
}

function OneOf({ label, options, value, onChange }: OneOfProps) {
  return (
    <div className="field">
      <span className="field-label">{label}</span>
      <ToggleButtonGroup
        aria-label={label}
        className="chips"
        disallowEmptySelection
        selectedKeys={[value]}
        onSelectionChange={([key]) => onChange(String(key))}
      >
        {options.map((option) => (
          <ToggleButton key={option.id} id={option.id} className="chip">
            {option.label}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
    </div>
  )
}
