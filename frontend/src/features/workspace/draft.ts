// The batch being prepared. It lives outside React, so going to another page and back loses nothing.
import { useSyncExternalStore } from 'react'
import type { ProblemError } from '@/api/problem'
import type { Image } from '@/api/types'
import { createStore } from '@/lib/store'
import type { Source } from '@/lib/sources'
import { forgetThumbnail, type Problem } from './inspection'

export interface Photo {
  key: string
  /** Folders included, `/` between them. */
  path: string
  size: number
  modified: number
  /** Its bytes, as long as this browser has them; what was uploaded before a reload has none. */
  file?: File
  check: 'checking' | 'ready' | 'bad'
  problem?: Problem
  width?: number
  height?: number
  digest?: string
  /** An object URL, or the server's address of it. */
  thumbnail?: string
  /** The same picture is already here under an earlier name; left out unless kept. */
  duplicate?: boolean
  kept?: boolean
  /** What the server made of it, once it is uploaded. */
  image?: Image
  /** Why uploading ended without it. */
  error?: ProblemError
}

/** A request to create, with its key: sent again unchanged, it must not make a second batch. */
export interface Attempt {
  body: string
  key: string
  at: number
}

export interface Draft {
  photos: Photo[]
  references: Photo[]
  /** What did not fit into this batch. */
  rest: Source[]
  prompt: string
  model: string | null
  batchName: string
  aspectRatio: string
  imageSize: string
  /** Sent, and not known to have been answered. */
  attempt: Attempt | null
}

export const BLANK: Draft = {
  photos: [],
  references: [],
  rest: [],
  prompt: '',
  model: null,
  batchName: '',
  aspectRatio: '',
  imageSize: '',
  attempt: null,
}

export const draft = createStore<Draft>(BLANK)

/** A part of the draft; only a change of it renders. */
export const useDraft = <T>(part: (now: Draft) => T): T => useSyncExternalStore(draft.subscribe, () => part(draft.get()))

export const change = (fields: Partial<Draft>) => draft.set((now) => ({ ...now, ...fields }))

/** Change photos and references alike. */
export function changePhotos(next: (photo: Photo) => Photo) {
  const unlessSame = (before: Photo[], changed: Photo[]) => (changed.every((photo, at) => photo === before[at]) ? before : changed)
  draft.set((now) => ({
    ...now,
    photos: unlessSame(now.photos, markDuplicates(now.photos.map(next))),
    references: unlessSame(now.references, now.references.map(next)),
  }))
}

export const changePhoto = (key: string, fields: Partial<Photo>) =>
  changePhotos((photo) => (photo.key === key ? { ...photo, ...fields } : photo))

/** The server no longer has it: uploaded again where its bytes are here, else named as gone. */
export const missOn = (key: string) =>
  changePhotos((photo) =>
    photo.key !== key || !photo.image
      ? photo
      : photo.file
        ? { ...photo, image: undefined }
        : { ...photo, image: undefined, check: 'bad', problem: 'gone' },
  )

export const isBad = (photo: Photo) => photo.check === 'bad'
export const isLeftOut = (photo: Photo) => Boolean(photo.duplicate && !photo.kept)
/** What counts towards the batch: being checked or fine, and not a left-out duplicate. */
export const isIn = (photo: Photo) => !isBad(photo) && !isLeftOut(photo)

/** The same bytes, or where browsers give no digest, the same name, size and time. */
const fingerprint = ({ digest, path, size, modified }: Photo) => digest ?? `${path.split('/').at(-1)}/${size}/${modified}`

export function markDuplicates(photos: Photo[]): Photo[] {
  const seen = new Set<string>()
  return photos.map((photo) => {
    if (photo.check !== 'ready') return photo
    const print = fingerprint(photo)
    const duplicate = seen.has(print)
    seen.add(print)
    return duplicate === Boolean(photo.duplicate) ? photo : { ...photo, duplicate }
  })
}

/** References first: they are few, and every image needs them. */
export const everyPhoto = ({ photos, references }: Draft) => [...references, ...photos]

export function removePhotos(leaves: (photo: Photo) => boolean) {
  draft.set((now) => {
    for (const photo of everyPhoto(now)) if (leaves(photo)) release(photo)
    const stays = (photo: Photo) => !leaves(photo)
    return { ...now, photos: markDuplicates(now.photos.filter(stays)), references: now.references.filter(stays) }
  })
}

/** The order of the photos is the order of their trial: the first is tried first. */
export const putFirst = (key: string) =>
  draft.set((now) => ({ ...now, photos: now.photos.toSorted((a, b) => Number(b.key === key) - Number(a.key === key)) }))

function release({ thumbnail }: Photo) {
  if (thumbnail?.startsWith('blob:')) forgetThumbnail(thumbnail)
}

/** The photos of the batch and its name go, what was wished stays: the rest of a folder is usually meant to look the same. */
export function startAfresh(sent: Set<string>) {
  removePhotos(({ key }) => sent.has(key))
  change({ batchName: '', attempt: null })
}

/** Everything goes: another person signed in, or nobody. */
export function empty() {
  everyPhoto(draft.get()).forEach(release)
  draft.set(BLANK)
}
