// Shows what somebody has decided before the server has answered. What these functions return takes it back: for when
// the server says no. Word that came meanwhile is newer than both, and stays.
import { applyQueue, applyTask } from './apply'
import { queueKeys } from './batches'
import { queryClient } from './cache'
import type { Queue, Task } from './types'

export function foreseeQueue(queue: Queue, will: Pick<Queue, 'status' | 'paused_reason'>): () => void {
  applyQueue({ ...queue, ...will })
  return () => {
    const now = queryClient.getQueryData<Queue>(queueKeys.one(queue.id))
    if (now?.version === queue.version && now.status === will.status) applyQueue(queue)
  }
}

export function foreseeTask(task: Task, status: Task['status']): () => void {
  applyTask({ ...task, status })
  return () => {
    const now = queryClient.getQueryData<Task[]>(queueKeys.tasks(task.queue_id))?.find(({ id }) => id === task.id)
    if (now?.version === task.version && now.status === status) applyTask(task)
  }
}
