// Which results of a batch were saved from this browser, so that what came later can be had by itself.
import type { Task } from '@/api/types'
import { recall, remember } from '@/lib/preferences'
import { createStore, useStore } from '@/lib/store'

/** Batches remembered, the newest first. */
const MOST = 50

type Saved = [queue: number, upTo: string][]

function read(): Saved {
  try {
    const kept: unknown = JSON.parse(recall('saved') ?? '[]')
    return Array.isArray(kept) ? (kept as Saved) : []
  } catch {
    return []
  }
}

const saved = createStore<Saved>(read())

const delivered = (tasks: Task[]) => tasks.filter((task) => task.generated_image && task.completed_at)

/** These results are being saved, and whatever else came until `ended`, of which the page may not have heard yet. */
export function noteSaved(queueId: number, tasks: Task[], ended: string | null = null) {
  const newest = delivered(tasks).reduce((last, { completed_at }) => (completed_at! > last ? completed_at! : last), ended ?? '')
  const others = saved.get().filter(([id]) => id !== queueId)
  saved.set([[queueId, newest] as Saved[number], ...others].slice(0, MOST))
  remember('saved', JSON.stringify(saved.get()))
}

/** What has come since the whole was last saved here; nothing when it never was. */
export function useNewSince(queueId: number, tasks: Task[]): Task[] {
  const upTo = useStore(saved).find(([id]) => id === queueId)?.[1]
  return upTo ? delivered(tasks).filter(({ completed_at }) => completed_at! > upTo) : []
}
