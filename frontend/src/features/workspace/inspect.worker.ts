// Looks at one file at a time, off the main thread: type by its bytes, pixels, digest, thumbnail.
import { readHeader } from '@/lib/imageHeader'
import type { Inspected, InspectJob, Problem } from './inspection'

const THUMB_EDGE = 320
const HEADER_BYTES = 256 * 1024
/** The server reads these; most browsers cannot show them. */
const UNSEEN_TYPES = ['image/heic', 'image/tiff', 'image/avif']

self.onmessage = async ({ data: job }: MessageEvent<InspectJob | string>) => {
  if (typeof job === 'string') return URL.revokeObjectURL(job)
  const inspected: Inspected = await inspect(job).catch(() => ({ id: job.id, problem: 'unreadable' }))
  self.postMessage(inspected)
}

async function inspect({ id, file, limits }: InspectJob): Promise<Inspected> {
  const bad = (problem: Problem): Inspected => ({ id, problem })
  if (file.size === 0) return bad('empty')
  if (file.size > limits.bytes) return bad('size')
  const header = readHeader(new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()))
  if (!header || !limits.types.includes(header.type)) return bad('type')
  // before decoding: a small file can claim gigapixels
  if (header.size && header.size.width * header.size.height > limits.pixels) return bad('pixels')
  const decoding = createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => null)
  const [bitmap, digest] = await Promise.all([decoding, sha256(file)])
  if (!bitmap) return UNSEEN_TYPES.includes(header.type) ? { id, type: header.type, digest } : bad('unreadable')
  const { width, height } = bitmap
  if (width * height > limits.pixels) return bad('pixels')
  return { id, type: header.type, width, height, digest, thumbnail: URL.createObjectURL(await shrink(bitmap)) }
}

// addresses are made here, too: making one waits for the browser, which is busy while files are sent
async function shrink(bitmap: ImageBitmap): Promise<Blob> {
  const scale = Math.min(1, THUMB_EDGE / Math.max(bitmap.width, bitmap.height))
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)))
  const context = canvas.getContext('2d')
  if (!context) throw new Error('no 2d context')
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  bitmap.close()
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.82 })
}

/** Null on plain http, where browsers give no digest. */
async function sha256(file: File): Promise<string | undefined> {
  if (!crypto.subtle) return undefined
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
