// Shows what somebody has decided before the server has answered. What these functions return takes it back, once there
// is an answer: a no, or a newer state to put there instead. Word that came meanwhile and is newer than both stays.
import { applyQueue, applyTask } from './apply'
import type { Foreseen } from './newer'
import type { Queue, Task } from './types'

export function foreseeQueue(queue: Queue, will: Pick<Queue, 'status' | 'paused_reason'>): () => void {
  applyQueue({ ...queue, ...will, foreseen: true } as Foreseen<Queue>)
  return () => applyQueue({ ...queue, foreseen: false } as Foreseen<Queue>)
}

export function foreseeTask(task: Task, status: Task['status']): () => void {
  applyTask({ ...task, status, foreseen: true } as Foreseen<Task>)
  return () => applyTask({ ...task, foreseen: false } as Foreseen<Task>)
}
