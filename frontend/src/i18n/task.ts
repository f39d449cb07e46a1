import type { Task } from '@/api/types'
import type { Dictionary } from '.'
import { OWN_MODEL } from './queue'

/** What only the owner of the upstream can mend is said to them: the operator, or the user whose key it is. */
const OWN: Record<string, keyof Dictionary['problems']['tasks']> = {
  upstream_rejected_auth: 'own_rejected_auth',
  upstream_quota: 'own_quota',
  blocked_address: 'own_address',
}

/** Why an image failed, and whether trying again can help. */
export function taskError(text: Dictionary, task: Pick<Task, 'error_code' | 'error_message' | 'model'>): string {
  const known: Record<string, string> = text.problems.tasks
  const code = task.error_code ?? ''
  const own = task.model === OWN_MODEL ? OWN[code] : undefined
  return known[own ?? code] || task.error_message || text.problems.unknown
}
