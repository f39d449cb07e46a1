import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Button as AriaButton, Disclosure, DisclosurePanel, Heading, ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { presetsQuery } from '@/api/batches'
import type { BatchConfig, Preset } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { useStore } from '@/lib/store'
import { Button } from '@/ui/Button'
import { Skeleton } from '@/ui/feedback'
import { TextBox, TextField } from '@/ui/fields'
import { Icon } from '@/ui/icons'
import { Select } from '@/ui/Select'
import { change, draft } from './draft'
import { ModelPicker } from './ModelPicker'
import { modelOf } from './readiness'

const MOST_CHARACTERS = 4_000

/** What should become of the photos. */
export function WishPanel({ config }: { config: BatchConfig }) {
  const text = useText().workspace
  const now = useStore(draft)
  const model = modelOf(config, now.model)
  return (
    <div className="card stack">
      <h2>{text.wish}</h2>
      <Presets />
      <Prompt />
      <ModelPicker config={config} value={model} />
      {model.aspect_ratios.length > 0 && (
        <Choice label={text.aspectRatio} options={model.aspect_ratios} value={now.aspectRatio} onChange={(aspectRatio) => change({ aspectRatio })} />
      )}
      {model.sizes.length > 0 && (
        <Choice label={text.imageSize} options={model.sizes} value={now.imageSize} onChange={(imageSize) => change({ imageSize })} />
      )}
      <Disclosure className="disclosure">
        <Heading level={3}>
          <AriaButton slot="trigger" className="disclosure-button">
            <Icon name="chevron" /> {text.more}
          </AriaButton>
        </Heading>
        <DisclosurePanel>
          <TextField
            label={text.batchName}
            description={text.batchNameHint}
            maxLength={100}
            value={now.batchName}
            onChange={(batchName) => change({ batchName })}
          />
        </DisclosurePanel>
      </Disclosure>
    </div>
  )
}

function Prompt() {
  const text = useText().workspace
  const format = useFormat()
  const { prompt } = useStore(draft)
  return (
    <TextBox
      label={text.prompt}
      placeholder={text.promptHint}
      rows={5}
      maxLength={MOST_CHARACTERS}
      value={prompt}
      onChange={(next) => change({ prompt: next })}
      description={
        <span className="num counter">{text.promptLeft(format.number(prompt.length), format.number(MOST_CHARACTERS))}</span>
      }
    />
  )
}

/** A preset writes the prompt; words of one's own that it replaced come back with one press. */
function Presets() {
  const text = useText().workspace
  const presets = useQuery(presetsQuery)
  const { prompt } = useStore(draft)
  const [replaced, setReplaced] = useState<string | null>(null)
  if (presets.isPending) return <Skeleton height="2.125rem" />
  if (!presets.data?.length) return null
  const chosen = presets.data.find((preset) => preset.content === prompt)
  const choose = (preset: Preset | undefined) => {
    setReplaced(!chosen && prompt.trim() ? prompt : null)
    change({ prompt: preset?.content ?? '' })
  }
  const undo = () => {
    change({ prompt: replaced ?? '' })
    setReplaced(null)
  }
  return (
    <div className="stack-tight">
      <ToggleButtonGroup
        aria-label={text.presets}
        className="chips"
        selectedKeys={chosen ? [String(chosen.id)] : []}
        onSelectionChange={(keys) => choose(presets.data.find((preset) => keys.has(String(preset.id))))}
      >
        {presets.data.map((preset) => (
          <ToggleButton key={preset.id} id={String(preset.id)} className="chip">
            {preset.title}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
      {replaced && chosen && (
        <div>
          <Button size="small" kind="quiet" icon="redo" onPress={undo}>
            {text.undo}
          </Button>
        </div>
      )}
    </div>
  )
}

interface ChoiceProps {
  label: string
  options: string[]
  value: string
  onChange: (value: string) => void
}

function Choice({ label, options, value, onChange }: ChoiceProps) {
  const text = useText().workspace
  const choices = [{ id: '', label: text.asIs }, ...options.map((option) => ({ id: option, label: option }))]
  return <Select label={label} choices={choices} value={options.includes(value) ? value : ''} onChange={onChange} />
}
