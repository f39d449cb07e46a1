// The batch being prepared. It lives outside React, so going to another page and back loses nothing.
import type { Image } from '@/api/types'
import type { ProblemError } from '@/api/problem'
import { createStore } from '@/lib/store'
import type { Source } from '@/lib/sources'
import type { Problem } from './inspection'

export interface Photo extends Source {
  key: string
  check: 'checking' | 'ready' | 'bad'
  problem?: Problem
  width?: number
  height?: number
  digest?: string
  /** An object URL; revoked when the photo leaves the draft. */
  thumbnail?: string
  /** The same picture is already here under an earlier name; left out unless kept. */
  duplicate?: boolean
  kept?: boolean
  upload?: { sent: number } | { image: Image } | { error: ProblemError }
}

export interface Draft {
  photos: Photo[]
  /** What did not fit into this batch. */
  rest: Source[]
  prompt: string
  model: string | null
  batchName: string
  aspectRatio: string
  imageSize: string
}

export const draft = createStore<Draft>({
  photos: [],
  rest: [],
  prompt: '',
  model: null,
  batchName: '',
  aspectRatio: '',
  imageSize: '',
})

export const change = (fields: Partial<Draft>) => draft.set((now) => ({ ...now, ...fields }))

export const changePhoto = (key: string, fields: Partial<Photo>) =>
  draft.set((now) => ({
    ...now,
    photos: now.photos.map((photo) => (photo.key === key ? { ...photo, ...fields } : photo)),
  }))

export const isBad = (photo: Photo) => photo.check === 'bad'
export const isLeftOut = (photo: Photo) => Boolean(photo.duplicate && !photo.kept)
/** What counts towards the batch: being checked or fine, and not a left-out duplicate. */
export const isIn = (photo: Photo) => !isBad(photo) && !isLeftOut(photo)

export const imageOf = (photo: Photo) => (photo.upload && 'image' in photo.upload ? photo.upload.image : null)
export const uploadError = (photo: Photo) => (photo.upload && 'error' in photo.upload ? photo.upload.error : null)

export function removePhotos(leaves: (photo: Photo) => boolean) {
  draft.set((now) => {
    for (const photo of now.photos) if (leaves(photo) && photo.thumbnail) URL.revokeObjectURL(photo.thumbnail)
    return { ...now, photos: now.photos.filter((photo) => !leaves(photo)) }
  })
}

/** Photos and name go, what was wished stays: the rest of a folder is usually meant to look the same. */
export function startAfresh() {
  removePhotos(() => true)
  change({ batchName: '' })
}
