// Whether the draft can be started, what it costs, and if not, why not.
import type { BatchConfig, Model } from '@/api/types'
import { type Draft, everyPhoto, isIn } from './draft'

export const MOST_CHARACTERS = 4_000

/** As the server counts: characters, not UTF-16 units, and no space around them. */
export const characters = (prompt: string) => Array.from(prompt.trim()).length

export const modelOf = (config: BatchConfig, id: string | null): Model => {
  const model =
    config.models.find((one) => one.id === id) ??
    config.models.find((one) => one.id === config.default_model) ??
    config.models[0]
  if (!model) throw new Error('the server offers no model')
  return model
}

export type Obstacle = 'photos' | 'many' | 'prompt' | 'long' | 'checking' | 'credits'

export interface Readiness {
  count: number
  cost: number
  obstacle: Obstacle | null
}

export function readiness(draft: Draft, model: Model, credits: number, most: number): Readiness {
  const photos = draft.photos.filter(isIn)
  const count = photos.length
  const cost = count * model.credits
  const obstacle = !count
    ? 'photos'
    : count > most
      ? 'many'
      : !draft.prompt.trim()
        ? 'prompt'
        : characters(draft.prompt) > MOST_CHARACTERS
          ? 'long'
          : cost > credits
            ? 'credits'
            : everyPhoto(draft).some((photo) => isIn(photo) && photo.check === 'checking')
              ? 'checking'
              : null
  return { count, cost, obstacle }
}
