import { useQuery } from '@tanstack/react-query'
import { configQuery } from '@/api/batches'
import type { QueueStatus, Task } from '@/api/types'
import { useText } from '@/i18n'
import { modelName } from '@/i18n/model'

export const isFinal = (status: QueueStatus) => ['completed', 'failed', 'cancelled'].includes(status)

/** A model's name; one no longer offered keeps its id. Until it is known, something that takes no more room than a name. */
export function useModelLabel(id: string): string {
  const text = useText()
  const { data: config } = useQuery(configQuery)
  if (!config) return '…'
  const model = config.models.find((one) => one.id === id)
  return model ? modelName(text, model) : id
}

export const isOpen = ({ status }: Pick<Task, 'status'>) => status === 'pending' || status === 'processing'
