// Images and their versions: an edit of a result is a task of its own that points at the one it came from.
import type { Image, Task } from '@/api/types'
import { isOpen } from './facts'

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

/** A picture that a version can be compared with: the very first one (version 0), or the result of an earlier version. */
export interface Before {
  image: Image
  version: number
}

/** What a version was made from. */
export function sourceOf({ task, family }: Shown): Before | null {
  if (!task.original_image) return null
  const parent = family.findIndex(({ id }) => id === task.parent_task_id)
  const fromResult = parent >= 0 && family[parent]!.generated_image?.id === task.original_image.id
  return { image: task.original_image, version: fromResult ? parent + 1 : 0 }
}

/** How a version came to be: 0 is the original, then each version whose result the next one was made from, itself last. */
export function chainOf(shown: Shown): number[] {
  const source = sourceOf(shown)
  if (!source || source.version === 0) return [0, shown.version]
  const parent = { task: shown.family[source.version - 1]!, version: source.version, family: shown.family }
  return [...chainOf(parent), shown.version]
}

/** Where its chain begins. */
export function originOf(shown: Shown): Before | null {
  const first = chainOf(shown)[1]!
  const image = shown.family[first - 1]?.original_image
  return image ? { image, version: 0 } : null
}

export const filters = ['all', 'completed', 'failed', 'open', 'cancelled'] as const
export type Filter = (typeof filters)[number]

export const passes = (task: Task, filter: Filter) =>
  filter === 'all' || (filter === 'open' ? isOpen(task) : task.status === filter)
