import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Button, IconButton } from '@/ui/Button'
import { type Fit, type Mode, modes } from './CompareStage'
import { STEP, type Zoom } from './zoom'

interface Props {
  mode: Mode
  onMode: (mode: Mode) => void
  zoom: Zoom
  /** Absent where both pictures have the same proportions. */
  fit?: Fit
  onFit: (fit: Fit) => void
}

export function CompareTools({ mode, onMode, zoom, fit, onFit }: Props) {
  const text = useText().batches
  const format = useFormat()
  return (
    <>
      <ToggleButtonGroup
        aria-label={text.mode}
        className="chips"
        disallowEmptySelection
        selectedKeys={[mode]}
        onSelectionChange={([key]) => onMode(key as Mode)}
      >
        {modes.map((one) => (
          <ToggleButton key={one} id={one} className="chip">
            {text.modes[one]}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
      {fit && (
        <ToggleButton className="chip" isSelected={fit === 'cover'} onChange={(cover) => onFit(cover ? 'cover' : 'contain')}>
          {text.fill}
        </ToggleButton>
      )}
      <span className="row zoom-tools">
        <IconButton icon="less" label={text.zoomOut} keys="-" isDisabled={zoom.view.scale <= 1} onPress={() => zoom.zoom(1 / STEP)} />
        <Button size="small" kind="quiet" className="num zoom-value" aria-label={text.zoomReset} onPress={zoom.reset}>
          {format.number(Math.round(zoom.view.scale * 100))}%
        </Button>
        <IconButton icon="add" label={text.zoomIn} keys="+" onPress={() => zoom.zoom(STEP)} />
      </span>
    </>
  )
}
