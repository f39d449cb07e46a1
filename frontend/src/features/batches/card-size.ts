import { recall, remember } from '@/lib/preferences'
import { createStore, useStore } from '@/lib/store'

/** The least width of a card, in pixels: what the slider says. */
export const SIZES = { least: 200, most: 600, step: 40, usual: 320 }

const kept = Number(recall('card-size'))
const size = createStore(kept >= SIZES.least && kept <= SIZES.most ? kept : SIZES.usual)

export const useCardSize = () => useStore(size)

export function setCardSize(next: number) {
  size.set(next)
  remember('card-size', next === SIZES.usual ? null : String(next))
}
