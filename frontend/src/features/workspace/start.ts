// Starting a batch: wait until every image is uploaded, then create the batch once.
import { createQueue, type NewQueue } from '@/api/batches'
import { presence } from '@/api/presence'
import { ProblemError } from '@/api/problem'
import type { Model, Queue } from '@/api/types'
import { randomId } from '@/lib/random'
import { createStore } from '@/lib/store'
import { type Attempt, change, draft, type Draft, everyPhoto, isIn, missOn, startAfresh } from './draft'
import { keepNow } from './keeping'
import { holdUploads, retryUploads, uploadNow } from './uploads'

const TRIES = 4
const PAUSE_MS = 1_000
/** For so long the answer to an unanswered request is still asked for by itself. */
const FRESH_MS = 10 * 60_000

export type Phase =
  | { name: 'editing' }
  | { name: 'uploading' }
  | { name: 'creating' }
  | { name: 'failed'; error: unknown }

export const phase = createStore<Phase>({ name: 'editing' })

let stop: AbortController | null = null

export const isBusy = (now: Phase) => now.name === 'uploading' || now.name === 'creating'

/** Null when it did not work out; `phase` and the photos say why. `sample` images are tried first, 0 for none. */
export async function start(model: Model, sample: number): Promise<Queue | null> {
  if (isBusy(phase.get())) return null
  stop = new AbortController()
  phase.set({ name: 'uploading' })
  retryUploads()
  uploadNow()
  if (!(await uploaded(stop.signal))) {
    holdUploads()
    phase.set({ name: 'editing' })
    return null
  }
  return submit(attemptAt(wishOf(draft.get(), model, sample)))
}

let resumed = false

/** Asks again for what was sent before the page was reloaded and never answered: once, and only while nothing was changed since. */
export async function resume(model: Model): Promise<Queue | null> {
  const now = draft.get()
  const { attempt } = now
  if (resumed) return null
  resumed = true
  if (!attempt || isBusy(phase.get()) || Date.now() - attempt.at > FRESH_MS) return null
  const { sample_first: sample = 0 } = JSON.parse(attempt.body) as NewQueue
  return JSON.stringify(wishOf(now, model, sample ?? 0)) === attempt.body ? submit(attempt) : null
}

export const stopUploading = () => stop?.abort()

/** True once every photo is on the server; false when one cannot be, or it was stopped. */
function uploaded(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const look = () => {
      const photos = everyPhoto(draft.get()).filter(isIn)
      const done = photos.length > 0 && photos.every((photo) => photo.image)
      const over = signal.aborted || !photos.length || (photos.some((photo) => photo.error) && photos.every((photo) => photo.image || photo.error))
      if (!done && !over) return
      leave()
      signal.removeEventListener('abort', look)
      resolve(done && !signal.aborted)
    }
    const leave = draft.subscribe(look)
    signal.addEventListener('abort', look)
    look()
  })
}

function wishOf({ photos, references, prompt, batchName, aspectRatio, imageSize }: Draft, model: Model, sample: number): NewQueue {
  const ids = (some: Draft['photos']) => some.filter(isIn).flatMap(({ image }) => image?.id ?? [])
  const shown = ids(references).slice(0, model.max_references)
  return {
    image_ids: ids(photos),
    prompt: prompt.trim(),
    model: model.id,
    ...(batchName.trim() && { batch_name: batchName.trim() }),
    ...(model.aspect_ratios.includes(aspectRatio) && { aspect_ratio: aspectRatio }),
    ...(model.sizes.includes(imageSize) && { image_size: imageSize }),
    ...(shown.length > 0 && { reference_image_ids: shown }),
    ...(sample > 0 && { sample_first: sample }),
  }
}

/** The same wish keeps its key, so asking twice makes one batch. */
function attemptAt(wish: NewQueue): Attempt {
  const body = JSON.stringify(wish)
  const before = draft.get().attempt
  return before?.body === body ? before : { body, key: randomId(), at: Date.now() }
}

async function submit(attempt: Attempt): Promise<Queue | null> {
  phase.set({ name: 'creating' })
  change({ attempt })
  // what joins the draft meanwhile is not part of it
  const sent = new Set(draft.get().photos.map(({ key }) => key))
  // a reload between the request and its answer must find the key
  await keepNow()
  try {
    const queue = await createPatiently(attempt)
    startAfresh(sent)
    phase.set({ name: 'editing' })
    await keepNow()
    return queue
  } catch (error) {
    // a full queue, too, made nothing of it: asked again later, it must be by a press
    if (error instanceof ProblemError && (!error.passing || error.code === 'queue_full')) await refused(error)
    phase.set({ name: 'failed', error })
    return null
  }
}

/** An unanswered request is asked again: its key makes that harmless. */
async function createPatiently({ body, key }: Attempt): Promise<Queue> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await createQueue(JSON.parse(body) as NewQueue, key)
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401 && (await signedInAgain())) continue
      const again = error instanceof ProblemError && (error.passing || error.code === 'idempotency_in_progress')
      if (!again || error.status === 429 || tried === TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfter ?? 0) * 1000 || PAUSE_MS * 2 ** (tried - 1)))
    }
  }
}

/** The shell asks for the password in place; false when somebody else is to sign in. */
function signedInAgain(): Promise<boolean> {
  return new Promise((resolve) => {
    const leave = presence.subscribe(() => {
      if (presence.get() === 'lost') return
      leave()
      resolve(presence.get() === 'in')
    })
  })
}

async function refused(error: ProblemError) {
  change({ attempt: null })
  if (error.code !== 'not_found') return
  // an image was tidied up meanwhile
  const there = ({ image }: { image?: { thumbnail_url: string } }) =>
    image ? fetch(image.thumbnail_url, { method: 'HEAD' }).then((response) => response.status !== 404) : true
  for (const photo of everyPhoto(draft.get())) if (!(await there(photo))) missOn(photo.key)
}
