// Starting a batch: upload what is not there yet, a few at a time, then create the batch once.
import { createQueue, type NewQueue } from '@/api/batches'
import { ProblemError } from '@/api/problem'
import type { Model, Queue } from '@/api/types'
import { uploadImage } from '@/api/upload'
import { randomId } from '@/lib/random'
import { createStore } from '@/lib/store'
import { changePhoto, draft, imageOf, isIn, type Photo, startAfresh } from './draft'

const AT_ONCE = 3
const TRIES = 3
const PAUSE_MS = 800

export type Phase =
  | { name: 'editing' }
  | { name: 'uploading'; startedAt: number }
  | { name: 'creating' }
  | { name: 'failed'; error: unknown }

export const phase = createStore<Phase>({ name: 'editing' })

let stop: AbortController | null = null
/** The last request to create, with its key: sent again unchanged, it must not make a second batch. */
let attempt: { body: string; key: string } | null = null

export const isBusy = (now: Phase) => now.name === 'uploading' || now.name === 'creating'

/** Null when it did not work out; `phase` and the photos say why. */
export async function start(model: Model): Promise<Queue | null> {
  if (isBusy(phase.get())) return null
  stop = new AbortController()
  phase.set({ name: 'uploading', startedAt: Date.now() })
  try {
    const whole = await uploadAll(stop.signal)
    if (!whole) {
      phase.set({ name: 'editing' })
      return null
    }
    phase.set({ name: 'creating' })
    const queue = await create(model)
    startAfresh()
    phase.set({ name: 'editing' })
    return queue
  } catch (error) {
    phase.set(stop.signal.aborted ? { name: 'editing' } : { name: 'failed', error })
    return null
  } finally {
    stop = null
  }
}

export const stopUploading = () => stop?.abort()

/** False when an image could not be uploaded; throws what concerns all of them. */
async function uploadAll(signal: AbortSignal): Promise<boolean> {
  const waiting = draft.get().photos.filter((photo) => isIn(photo) && !imageOf(photo))
  const failures: ProblemError[] = []
  const work = async () => {
    for (let photo = waiting.shift(); photo; photo = waiting.shift()) {
      const failure = await uploadOne(photo, signal)
      if (failure) failures.push(failure)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return failures.length === 0
}

async function uploadOne({ key, file, path }: Photo, signal: AbortSignal): Promise<ProblemError | null> {
  for (let tried = 1; ; tried += 1) {
    try {
      changePhoto(key, { upload: { sent: 0 } })
      const image = await uploadImage(file, path, (sent) => changePhoto(key, { upload: { sent } }), signal)
      changePhoto(key, { upload: { image } })
      return null
    } catch (error) {
      changePhoto(key, { upload: undefined })
      // concerns all: stopped, or signed out
      if (!(error instanceof ProblemError) || error.status === 401) throw error
      if (!error.passing || tried === TRIES) {
        changePhoto(key, { upload: { error } })
        return error
      }
      await pause((error.retryAfter ?? 0) * 1000 || PAUSE_MS * 2 ** (tried - 1))
    }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function create(model: Model): Promise<Queue> {
  const { photos, prompt, batchName, aspectRatio, imageSize } = draft.get()
  const body: NewQueue = {
    image_ids: photos.filter(isIn).flatMap((photo) => imageOf(photo)?.id ?? []),
    prompt: prompt.trim(),
    model: model.id,
    ...(batchName.trim() && { batch_name: batchName.trim() }),
    ...(model.aspect_ratios.includes(aspectRatio) && { aspect_ratio: aspectRatio }),
    ...(model.sizes.includes(imageSize) && { image_size: imageSize }),
  }
  const written = JSON.stringify(body)
  if (attempt?.body !== written) attempt = { body: written, key: randomId() }
  const queue = await createQueue(body, attempt.key)
  attempt = null
  return queue
}
