import type { Task } from '@/api/types'
import type { Dictionary } from '.'

/** Why an image failed, and whether trying again can help. */
export function taskError(text: Dictionary, task: Pick<Task, 'error_code' | 'error_message'>): string {
  const known: Record<string, string> = text.problems.tasks
  return (task.error_code && known[task.error_code]) || task.error_message || text.problems.unknown
}
