// What a file is, by its first bytes: the extension and the browser's guess are only words.

export interface Header {
  type: string
  /** Pixels, where the header says so plainly; absent for formats that hide it deeper. */
  size?: { width: number; height: number }
}

const ascii = (bytes: Uint8Array, from: number, length: number) =>
  String.fromCharCode(...bytes.subarray(from, from + length))

const BRANDS: Record<string, string> = {
  avif: 'image/avif',
  avis: 'image/avif',
  heic: 'image/heic',
  heix: 'image/heic',
  hevc: 'image/heic',
  hevx: 'image/heic',
  heim: 'image/heic',
  mif1: 'image/heic',
  msf1: 'image/heic',
}

/** The image type of a file that starts with `bytes` (64 kB are plenty), or null when it is no image we know. */
export function readHeader(bytes: Uint8Array): Header | null {
  if (bytes.length < 12) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (ascii(bytes, 1, 3) === 'PNG' && bytes[0] === 0x89) {
    return { type: 'image/png', size: bytes.length < 24 ? undefined : { width: view.getUint32(16), height: view.getUint32(20) } }
  }
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return { type: 'image/jpeg', size: jpegSize(view) }
  if (/^GIF8[79]a/.test(ascii(bytes, 0, 6))) {
    return { type: 'image/gif', size: { width: view.getUint16(6, true), height: view.getUint16(8, true) } }
  }
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return { type: 'image/webp', size: webpSize(view, bytes) }
  if (ascii(bytes, 0, 2) === 'BM' && bytes.length >= 26) {
    return { type: 'image/bmp', size: { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) } }
  }
  if (/^(II\*\0|MM\0\*)/.test(ascii(bytes, 0, 4))) return { type: 'image/tiff' }
  if (ascii(bytes, 4, 4) === 'ftyp') {
    const type = BRANDS[ascii(bytes, 8, 4)]
    return type ? { type } : null
  }
  return null
}

/** The frame's size is in the first SOFn segment; segments before it are skipped by their lengths. */
function jpegSize(view: DataView): Header['size'] {
  let at = 2
  while (at + 9 < view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1)
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    at += 2 + view.getUint16(at + 2)
  }
  return undefined
}

function webpSize(view: DataView, bytes: Uint8Array): Header['size'] {
  if (bytes.length < 30) return undefined
  const kind = ascii(bytes, 12, 4)
  const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
  if (kind === 'VP8X') return { width: uint24(24) + 1, height: uint24(27) + 1 }
  if (kind === 'VP8 ') return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
  if (kind === 'VP8L') {
    const packed = view.getUint32(21, true)
    return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 }
  }
  return undefined
}
