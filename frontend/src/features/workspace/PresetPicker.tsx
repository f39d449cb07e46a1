import { lazy, Suspense, useState } from 'react'
import { Dialog, DialogTrigger, Popover, ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import type { Preset } from '@/api/types'
import { useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { Skeleton } from '@/ui/feedback'
import { change, useDraft } from './draft'
import { usePresets } from './presets'

// nobody searches before the page is there
const PresetSearch = lazy(async () => ({ default: (await import('./PresetSearch')).PresetSearch }))

/** So many are a press away; all of them, with their words, are in the list. */
const AT_HAND = 6

/** A preset writes the prompt; words of one's own that it replaced come back with one press. */
export function PresetPicker() {
  const text = useText().workspace
  const presets = usePresets()
  const prompt = useDraft((now) => now.prompt)
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
    <div className="presets">
      <PresetList presets={presets.data} onChoose={choose} />
      <ToggleButtonGroup
        aria-label={text.presets}
        className="chips"
        selectedKeys={chosen ? [String(chosen.id)] : []}
        onSelectionChange={(keys) => choose(presets.data.find((preset) => keys.has(String(preset.id))))}
      >
        {presets.data.slice(0, AT_HAND).map((preset) => (
          <ToggleButton key={preset.id} id={String(preset.id)} className="chip">
            {preset.title}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
      {replaced && chosen && (
        <Button size="small" kind="quiet" icon="redo" onPress={undo}>
          {text.undo}
        </Button>
      )}
    </div>
  )
}

function PresetList({ presets, onChoose }: { presets: Preset[]; onChoose: (preset: Preset) => void }) {
  const text = useText().workspace
  const [isOpen, open] = useState(false)
  const choose = (key: string | number) => {
    const preset = presets.find(({ id }) => String(id) === key)
    if (preset) onChoose(preset)
    open(false)
  }
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={open}>
      <Button size="small" kind="quiet" icon="search" className="presets-all">
        {text.allPresets}
      </Button>
      <Popover className="popover preset-popover" placement="bottom end">
        <Dialog className="preset-dialog" aria-label={text.presets}>
          <Suspense fallback={<Skeleton height="12rem" />}>
            <PresetSearch presets={presets} onChoose={choose} />
          </Suspense>
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}
