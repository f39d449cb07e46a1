// How files become photos of the draft: sorted, looked at, counted; what is too many waits as the rest.
import type { BatchConfig } from '@/api/types'
import { randomId } from '@/lib/random'
import { inNaturalOrder, type Source } from '@/lib/sources'
import { change, draft, isIn, markDuplicates, type Photo } from './draft'
import { forgetThumbnail, type Inspected, inspect, type Limits, onInspected } from './inspection'

/** The server's own limit by default; it checks again. */
const MOST_PIXELS = 100_000_000
const GATHER_MS = 120
/** As many as any model takes; how many this one takes is the model's word. */
export const MOST_REFERENCES = 3

let limits: Limits = { bytes: 0, pixels: MOST_PIXELS, types: [] }
let most = 0

export function setLimits(config: BatchConfig) {
  limits = { bytes: config.max_file_bytes, pixels: MOST_PIXELS, types: config.accepted_types }
  most = config.max_files
}

export function takeIn(sources: Source[]) {
  change({ rest: [...draft.get().rest, ...inNaturalOrder(sources)] })
  fill()
}

/** Move from the rest what there is room for, and have it looked at. */
export function fill() {
  const { photos, rest } = draft.get()
  const room = most - photos.filter(isIn).length
  if (room <= 0 || !rest.length) return
  const fresh = rest.slice(0, room).map(asPhoto)
  change({ photos: [...photos, ...fresh], rest: rest.slice(room) })
  fresh.forEach(look)
}

/** Pictures that show the model what is meant. */
export function takeReferences(sources: Source[]) {
  const { references } = draft.get()
  const room = MOST_REFERENCES - references.filter(isIn).length
  const fresh = inNaturalOrder(sources).slice(0, Math.max(0, room)).map(asPhoto)
  change({ references: [...references.filter(isIn), ...fresh] })
  fresh.forEach(look)
}

const asPhoto = ({ file, path }: Source): Photo => ({
  key: randomId(),
  path,
  size: file.size,
  modified: file.lastModified,
  file,
  check: 'checking',
})

/** Have a photo of the draft looked at; the answer changes it. */
export function look({ key, file }: Photo) {
  if (file) inspect({ id: key, file, limits })
}

const answers = new Map<string, Inspected>()

/** Answers that come together are taken in together: each costs a drawing of the whole sheet. */
onInspected((inspected) => {
  if (!answers.size) setTimeout(takeAnswers, draft.get().photos.some((photo) => photo.thumbnail) ? GATHER_MS : 0)
  answers.set(inspected.id, inspected)
})

function takeAnswers() {
  const known = new Map(answers)
  answers.clear()
  const next = (photo: Photo) => {
    const inspected = known.get(photo.key)
    known.delete(photo.key)
    return inspected ? looked(photo, inspected) : photo
  }
  draft.set((now) => ({ ...now, photos: markDuplicates(now.photos.map(next)), references: now.references.map(next) }))
  // what was removed while it was looked at
  for (const { thumbnail } of known.values()) if (thumbnail) forgetThumbnail(thumbnail)
  // the place of a bad one or a duplicate goes to the next of the rest
  fill()
}

function looked(photo: Photo, { problem, width, height, digest, thumbnail }: Inspected): Photo {
  if (problem) return { ...photo, check: 'bad', problem }
  return { ...photo, check: 'ready', width, height, digest, thumbnail }
}
