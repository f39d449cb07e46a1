// How files become photos of the draft: sorted, looked at, counted; what is too many waits as the rest.
import type { BatchConfig } from '@/api/types'
import { randomId } from '@/lib/random'
import { inNaturalOrder, type Source } from '@/lib/sources'
import { change, draft, isBad, isIn, type Photo } from './draft'
import { type Inspected, inspect, type Limits, onInspected } from './inspection'

/** The server's own limit by default; it checks again. */
const MOST_PIXELS = 100_000_000

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
  const fresh = rest.slice(0, room).map((source): Photo => ({ ...source, key: randomId(), check: 'checking' }))
  change({ photos: [...photos, ...fresh], rest: rest.slice(room) })
  for (const photo of fresh) inspect({ id: photo.key, file: photo.file, limits })
}

onInspected((inspected) => {
  draft.set((now) => {
    const photos = now.photos.map((photo) => (photo.key === inspected.id ? looked(photo, inspected) : photo))
    return { ...now, photos: markDuplicates(photos) }
  })
  // the place of a bad one or a duplicate goes to the next of the rest
  fill()
})

function looked(photo: Photo, { problem, width, height, digest, thumbnail }: Inspected): Photo {
  if (problem) return { ...photo, check: 'bad', problem }
  return { ...photo, check: 'ready', width, height, digest, thumbnail: thumbnail && URL.createObjectURL(thumbnail) }
}

/** The same bytes, or where browsers give no digest, the same name, size and time. */
const fingerprint = ({ digest, file }: Photo) => digest ?? `${file.name}/${file.size}/${file.lastModified}`

function markDuplicates(photos: Photo[]): Photo[] {
  const seen = new Set<string>()
  return photos.map((photo) => {
    if (photo.check !== 'ready' || isBad(photo)) return photo
    const print = fingerprint(photo)
    const duplicate = seen.has(print)
    seen.add(print)
    return duplicate === Boolean(photo.duplicate) ? photo : { ...photo, duplicate }
  })
}
