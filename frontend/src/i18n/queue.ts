import type { Queue } from '@/api/types'
import type { Dictionary } from '.'
import type { Format } from './format'

/** A batch's name; one without goes by the time it was made. */
export const queueName = (text: Dictionary, format: Format, queue: Pick<Queue, 'batch_name' | 'created_at'>) =>
  queue.batch_name || text.shell.unnamed(format.dateTime(queue.created_at))
