// How each state looks: an icon, a colour and (from the dictionary) a word, never colour alone.
import type { QueueStatus, TaskStatus } from '@/api/types'
import type { IconName } from '@/ui/icons'

export type Tone = 'idle' | 'run' | 'ok' | 'bad' | 'warn'

export const statuses: QueueStatus[] = [
  'pending',
  'processing',
  'paused',
  'awaiting_approval',
  'completed',
  'failed',
  'cancelled',
]

export const taskStatuses: TaskStatus[] = ['pending', 'processing', 'completed', 'failed', 'cancelled']

export const looks: Record<QueueStatus | TaskStatus, { icon: IconName; tone: Tone }> = {
  pending: { icon: 'clock', tone: 'idle' },
  processing: { icon: 'run', tone: 'run' },
  paused: { icon: 'pause', tone: 'warn' },
  awaiting_approval: { icon: 'user', tone: 'warn' },
  completed: { icon: 'checkCircle', tone: 'ok' },
  failed: { icon: 'error', tone: 'bad' },
  cancelled: { icon: 'minus', tone: 'idle' },
}
