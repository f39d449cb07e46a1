// A small pool of workers that look at files, first come first served.

export type Problem = 'empty' | 'size' | 'type' | 'pixels' | 'unreadable'

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
  thumbnail?: Blob
}

const WORKERS = Math.min(2, navigator.hardwareConcurrency || 2)

const waiting: InspectJob[] = []
const idle: Worker[] = []
let started = 0
let report: (inspected: Inspected) => void = () => {}

export const onInspected = (listener: typeof report) => {
  report = listener
}

export function inspect(job: InspectJob) {
  waiting.push(job)
  if (!idle.length && started < WORKERS) idle.push(startWorker())
  next()
}

function next() {
  while (waiting.length && idle.length) idle.pop()!.postMessage(waiting.shift())
}

function startWorker(): Worker {
  started += 1
  const worker = new Worker(new URL('./inspect.worker.ts', import.meta.url), { type: 'module' })
  worker.onmessage = ({ data }: MessageEvent<Inspected>) => {
    report(data)
    idle.push(worker)
    next()
  }
  return worker
}
