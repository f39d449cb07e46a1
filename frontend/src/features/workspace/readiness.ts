// Whether the draft can be started, what it costs, and if not, why not.
import type { BatchConfig, Model } from '@/api/types'
import { type Draft, isIn } from './draft'

export const modelOf = (config: BatchConfig, id: string | null): Model => {
  const model =
    config.models.find((one) => one.id === id) ??
    config.models.find((one) => one.id === config.default_model) ??
    config.models[0]
  if (!model) throw new Error('the server offers no model')
  return model
}

export type Obstacle = 'photos' | 'prompt' | 'checking' | 'credits'

export interface Readiness {
  count: number
  cost: number
  obstacle: Obstacle | null
}

export function readiness(draft: Draft, model: Model, credits: number): Readiness {
  const photos = draft.photos.filter(isIn)
  const count = photos.length
  const cost = count * model.credits
  const obstacle = !count
    ? 'photos'
    : !draft.prompt.trim()
      ? 'prompt'
      : photos.some((photo) => photo.check === 'checking')
        ? 'checking'
        : cost > credits
          ? 'credits'
          : null
  return { count, cost, obstacle }
}
