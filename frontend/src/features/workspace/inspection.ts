// A small pool of workers that look at files, first come first served.

/**
 * `unchecked`: whoever looked at it failed. `gone`: it had not been uploaded when its bytes were lost.
 * `refused`: the server looked closer than the browser did.
 */
export type Problem = 'empty' | 'size' | 'type' | 'pixels' | 'unreadable' | 'unchecked' | 'gone' | 'refused'

export interface Limits {
  bytes: number
  pixels: number
  types: string[]
}

export interface InspectJob {
  id: string
  file: File
  limits: Limits
}

export interface Inspected {
  id: string
  problem?: Problem
  type?: string
  width?: number
  height?: number
  digest?: string
  /** An object URL. */
  thumbnail?: string
}

/** One processor stays free: the page must not stutter while photos are decoded. */
const WORKERS = Math.max(1, Math.min(2, (navigator.hardwareConcurrency || 2) - 1))

const waiting: InspectJob[] = []
const idle: Worker[] = []
/** What each of them is looking at. */
const inHand = new Map<Worker, string>()
const all: Worker[] = []
let report: (inspected: Inspected) => void = () => {}

export const onInspected = (listener: typeof report) => {
  report = listener
}

export function inspect(job: InspectJob) {
  waiting.push(job)
  next()
}

/** Whoever made the address gives it back; which worker that was is not known. */
export const forgetThumbnail = (url: string) => all.forEach((worker) => worker.postMessage(url))

function next() {
  while (waiting.length && (idle.length || inHand.size < WORKERS)) {
    const worker = idle.pop() ?? startWorker()
    const job = waiting.shift()!
    inHand.set(worker, job.id)
    worker.postMessage(job)
  }
}

function startWorker(): Worker {
  const worker = new Worker(new URL('./inspect.worker.ts', import.meta.url), { type: 'module' })
  all.push(worker)
  const answer = (inspected: Inspected) => {
    inHand.delete(worker)
    report(inspected)
    next()
  }
  worker.onmessage = ({ data }: MessageEvent<Inspected>) => {
    idle.push(worker)
    answer(data)
  }
  // not loaded, as after a new version, or out of memory: it answers nothing any more, and another one goes on
  worker.onerror = (event) => {
    event.preventDefault()
    const id = inHand.get(worker)
    if (id) answer({ id, problem: 'unchecked' })
  }
  return worker
}
