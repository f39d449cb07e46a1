import { Button as AriaButton, Disclosure, DisclosurePanel, Heading } from 'react-aria-components'
import type { BatchConfig } from '@/api/types'
import { useText } from '@/i18n'
import { TextField } from '@/ui/fields'
import { Icon } from '@/ui/icons'
import { LazySelect } from '@/ui/LazySelect'
import { change, useDraft } from './draft'
import { ModelPicker } from './ModelPicker'
import { PresetPicker } from './PresetPicker'
import { PromptBox } from './PromptBox'
import { modelOf } from './readiness'
import { References } from './References'

/** What should become of the photos. */
export function WishPanel({ config }: { config: BatchConfig }) {
  const text = useText().workspace
  const model = modelOf(config, useDraft((now) => now.model))
  const aspectRatio = useDraft((now) => now.aspectRatio)
  const imageSize = useDraft((now) => now.imageSize)
  const batchName = useDraft((now) => now.batchName)
  return (
    <div className="card wish-panel">
      <h2>{text.wish}</h2>
      <PresetPicker />
      <PromptBox />
      <References most={model.max_references} />
      <ModelPicker config={config} value={model} />
      {model.aspect_ratios.length + model.sizes.length > 0 && (
        <div className="options">
          {model.aspect_ratios.length > 0 && (
            <Choice label={text.aspectRatio} options={model.aspect_ratios} value={aspectRatio} onChange={(next) => change({ aspectRatio: next })} />
          )}
          {model.sizes.length > 0 && (
            <Choice label={text.imageSize} options={model.sizes} value={imageSize} onChange={(next) => change({ imageSize: next })} />
          )}
        </div>
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
            value={batchName}
            onChange={(next) => change({ batchName: next })}
          />
        </DisclosurePanel>
      </Disclosure>
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
  return <LazySelect label={label} choices={choices} value={options.includes(value) ? value : ''} onChange={onChange} />
}
