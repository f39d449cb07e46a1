import { Slider, SliderThumb, SliderTrack } from 'react-aria-components'
import { useText } from '@/i18n'
import { Icon } from '@/ui/icons'
import { setCardSize, SIZES, useCardSize } from './card-size'

export function SizeSlider() {
  const text = useText().batches
  const size = useCardSize()
  return (
    <Slider
      aria-label={text.cardSize}
      className="size-slider"
      minValue={SIZES.least}
      maxValue={SIZES.most}
      step={SIZES.step}
      value={size}
      onChange={setCardSize}
    >
      <Icon name="image" size={14} />
      <SliderTrack className="size-track">
        <SliderThumb className="size-thumb" />
      </SliderTrack>
      <Icon name="image" size={20} />
    </Slider>
  )
}
