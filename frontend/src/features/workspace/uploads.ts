// Uploads photos as soon as they are known to be good, a few at a time, so that starting has nothing left to wait for.
import { presence } from '@/api/presence'
import { ProblemError } from '@/api/problem'
import { uploadImage } from '@/api/upload'
import { createKeyedStore } from '@/lib/keyed'
import { createStore } from '@/lib/store'
import { changePhoto, changePhotos, draft, everyPhoto, isIn, type Photo } from './draft'

const AT_ONCE = 3
const TRIES = 3
const PAUSE_MS = 800

/** About the picture itself: no other try can help, so it goes where the browser's own findings go. */
const REFUSED = new Set(['file_too_large', 'unsupported_image', 'unreadable_image', 'image_too_many_pixels'])

interface Sending {
  controller: AbortController
  sent: number
}

/** How much of a photo has been sent, from 0 to 1, while it is being sent. */
export const parts = createKeyedStore<number>()
/** Whether bytes are on their way. */
export const inFlight = createStore(false)

const active = new Map<string, Sending>()
/** Somebody who pays by the megabyte decides with the start button. */
const frugal = Boolean((navigator as Navigator & { connection?: { saveData?: boolean } }).connection?.saveData)
let wanted = !frugal

/** From now on upload, even for somebody who saves data. */
export function uploadNow() {
  wanted = true
  pump()
}

/** After somebody who saves data has decided against starting. */
export function holdUploads() {
  wanted = !frugal
}

const isWaiting = (photo: Photo) => isIn(photo) && photo.check === 'ready' && !photo.image && !photo.error

function pump() {
  if (!wanted || presence.get() === 'lost') return
  for (const photo of everyPhoto(draft.get())) {
    if (active.size >= AT_ONCE) return
    if (isWaiting(photo) && !active.has(photo.key)) void send(photo)
  }
}

/** What left the batch is not sent any further. */
function stopUnwanted() {
  const photos = new Map(everyPhoto(draft.get()).map((photo) => [photo.key, photo]))
  for (const [key, { controller }] of active) {
    const photo = photos.get(key)
    if (!photo || !isIn(photo)) controller.abort()
  }
}

async function send({ key, file, path }: Photo) {
  if (!file) return
  const sending: Sending = { controller: new AbortController(), sent: 0 }
  active.set(key, sending)
  inFlight.set(true)
  parts.set(key, 0)
  try {
    await upload(key, file, path, sending)
  } finally {
    active.delete(key)
    parts.set(key, undefined)
    inFlight.set(active.size > 0)
    pump()
  }
}

/** Up to three tries; how it ended stands in the photo. A lost session and a machine without a network are no failures. */
async function upload(key: string, file: File, path: string, sending: Sending) {
  const { signal } = sending.controller
  const onSent = (bytes: number) => {
    sending.sent = bytes
    parts.set(key, file.size ? bytes / file.size : 1)
  }
  for (let tried = 1; ; tried += 1) {
    try {
      const image = await uploadImage(file, path, onSent, signal)
      changePhoto(key, { image, error: undefined })
      return
    } catch (error) {
      if (signal.aborted || !(error instanceof ProblemError) || error.status === 401) return
      if (error.status === 0 && !navigator.onLine) {
        onSent(0)
        await online(signal)
        if (signal.aborted) return
        tried = 0
        continue
      }
      if (!error.passing || tried === TRIES) {
        changePhoto(key, REFUSED.has(error.code) ? { check: 'bad', problem: 'refused', error } : { error })
        return
      }
      onSent(0)
      await pause((error.retryAfter ?? 0) * 1000 || PAUSE_MS * 2 ** (tried - 1), signal)
      if (signal.aborted) return
    }
  }
}

function online(signal: AbortSignal) {
  return new Promise<void>((resolve) => {
    window.addEventListener('online', () => resolve(), { once: true, signal })
    signal.addEventListener('abort', () => resolve())
  })
}

function pause(ms: number, signal: AbortSignal) {
  return new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Try what failed once more: one photo, or every one. */
export const retryUploads = (key?: string) =>
  changePhotos((photo) => (photo.error && (!key || photo.key === key) ? { ...photo, error: undefined } : photo))

/** Bytes of the batch that are on the server or on their way there, and all of them. */
export function bytesSent(photos: Photo[]): { sent: number; all: number } {
  let [sent, all] = [0, 0]
  for (const photo of photos) {
    all += photo.size
    sent += photo.image ? photo.size : (active.get(photo.key)?.sent ?? 0)
  }
  return { sent, all }
}

draft.subscribe(() => {
  stopUnwanted()
  pump()
})
presence.subscribe(pump)
window.addEventListener('online', () =>
  changePhotos((photo) => (photo.error?.code === 'offline' ? { ...photo, error: undefined } : photo)),
)
