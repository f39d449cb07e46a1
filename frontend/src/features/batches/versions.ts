// Images and their versions: an edit of a result is a task of its own that points at the one it came from.
import type { Task } from '@/api/types'

export interface Shown {
  task: Task
  /** 1 for the first edit of an image, 2 for the next one … */
  version: number
  /** Every version of the same image, oldest first. */
  family: Task[]
}

/** All tasks in upload order, each image's versions together. */
export function arrange(tasks: Task[]): Shown[] {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const rootOf = (task: Task): Task => {
    let root = task
    while (root.parent_task_id !== null) {
      const parent = byId.get(root.parent_task_id)
      if (!parent) break
      root = parent
    }
    return root
  }
  const families = new Map<number, Task[]>()
  for (const task of [...tasks].sort((a, b) => a.position - b.position || a.id - b.id)) {
    const root = rootOf(task).id
    families.set(root, [...(families.get(root) ?? []), task])
  }
  return [...families.values()].flatMap((family) => family.map((task, at) => ({ task, version: at + 1, family })))
}

export const filters = ['all', 'completed', 'failed', 'open', 'cancelled'] as const
export type Filter = (typeof filters)[number]

export const passes = (task: Task, filter: Filter) =>
  filter === 'all' ||
  (filter === 'open' ? task.status === 'pending' || task.status === 'processing' : task.status === filter)
