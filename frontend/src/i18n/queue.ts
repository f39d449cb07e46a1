import type { Queue } from '@/api/types'
import type { Dictionary } from '.'
import type { Format } from './format'

/** A batch's name; one without goes by the time it was made. */
export const queueName = (text: Dictionary, format: Format, queue: Pick<Queue, 'batch_name' | 'created_at'>) =>
  queue.batch_name || text.shell.unnamed(format.dateTime(queue.created_at))

/** The model that stands for a user's own upstream. */
export const OWN_MODEL = 'own'

/** Why a batch is paused, and who can do something about it. */
export function pausedBecause(text: Dictionary, queue: Pick<Queue, 'paused_reason' | 'model'>): string {
  const reason = queue.paused_reason ?? 'user'
  const own: Partial<Record<typeof reason, string>> = queue.model === OWN_MODEL ? text.batches.pausedForOwn : {}
  return own[reason] ?? text.batches.pausedBecause[reason]
}
