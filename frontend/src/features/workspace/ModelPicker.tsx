import type { BatchConfig, Model } from '@/api/types'
import { useText } from '@/i18n'
import { modelDescription, modelName } from '@/i18n/model'
import { Icon } from '@/ui/icons'
import { LazySelect } from '@/ui/LazySelect'
import { change } from './draft'

/** One model needs no choosing, but its name always shows: above all when it is no AI at all. */
export function ModelPicker({ config, value }: { config: BatchConfig; value: Model }) {
  const all = useText()
  const text = all.workspace
  if (config.models.length === 1) {
    return (
      <div className="field">
        <span className="field-label">{text.model}</span>
        <p className="model-only">
          <Icon name="settings" />
          <span>
            <strong>{modelName(all, value)}</strong>
            <span className="quiet">{modelDescription(all, value)}</span>
          </span>
        </p>
      </div>
    )
  }
  return (
    <LazySelect
      label={text.model}
      choices={config.models.map((model) => ({
        id: model.id,
        label: modelName(all, model),
        description: modelDescription(all, model),
      }))}
      value={value.id}
      onChange={(model) => change({ model })}
    />
  )
}
