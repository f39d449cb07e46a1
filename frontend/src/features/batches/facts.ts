import { useQuery } from '@tanstack/react-query'
import { configQuery } from '@/api/batches'
import type { QueueStatus } from '@/api/types'
import { useText } from '@/i18n'
import { modelName } from '@/i18n/model'

export const isFinal = (status: QueueStatus) => ['completed', 'failed', 'cancelled'].includes(status)

/** A model's name; one no longer offered keeps its id. */
export function useModelLabel(id: string): string {
  const text = useText()
  const { data: config } = useQuery(configQuery)
  const model = config?.models.find((one) => one.id === id)
  return model ? modelName(text, model) : id
}
