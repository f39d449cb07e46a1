// Files as they come from a drop, a picker or the clipboard, each with its path below what was dropped or picked.

export interface Source {
  file: File
  /** Folders included, `/` between them: `旅行/第1天/IMG_1.jpg`. */
  path: string
}

/** A walk through dropped folders stops here: somebody dropped their whole disk. */
export const MOST_ENTRIES = 2_000

const JUNK = /^(\.|Thumbs\.db$|desktop\.ini$|__MACOSX$)/i

const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** The order people expect: `IMG_2` before `IMG_10`. Pickers and drops each give another one. */
export const inNaturalOrder = (sources: Source[]) => [...sources].sort((a, b) => natural.compare(a.path, b.path))

const isJunk = (path: string) => path.split('/').some((part) => JUNK.test(part))

/** What was found, and whether there was more than is read at once. */
export interface Found {
  sources: Source[]
  cut: boolean
}

const upTo = (sources: Source[]): Found => ({ sources: sources.slice(0, MOST_ENTRIES), cut: sources.length > MOST_ENTRIES })

export const fromPicker = (files: FileList | null): Found =>
  upTo(
    Array.from(files ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name })).filter(({ path }) => !isJunk(path)),
  )

type HandleItem = Omit<DataTransferItem, 'getAsFileSystemHandle'> & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> }

/** Only on https and this machine itself: elsewhere Chromium has it too, and hangs when it is called. */
const handleOf = (item: HandleItem) => (isSecureContext ? item.getAsFileSystemHandle?.().catch(() => null) : null)

/** Everything in a drop, folders walked. What was dropped must be taken before the first await: the event empties after it. */
export async function fromDrop(transfer: DataTransfer): Promise<Found> {
  const dropped = Array.from(transfer.items)
    .filter((item) => item.kind === 'file')
    .map((item) => item as HandleItem)
    .map((item) => ({ entry: item.webkitGetAsEntry(), handle: handleOf(item) }))
  const plain = fromPicker(transfer.files)
  const found: Source[] = []
  for (const { entry, handle } of dropped) {
    if (!entry) continue
    // the older interface fails on some folders of Windows; the newer one is only there on https
    const folder = entry.isDirectory && (await handle)
    const read = folder && folder.kind === 'directory' ? walkHandle(folder, '', found) : walk(entry, found)
    // what cannot be read does not take the rest of the drop with it
    await read.catch(() => {})
  }
  return found.length || dropped.some(({ entry }) => entry) ? upTo(found) : plain
}

async function walkHandle(handle: FileSystemHandle, above: string, found: Source[]): Promise<void> {
  if (JUNK.test(handle.name) || found.length > MOST_ENTRIES) return
  const path = above + handle.name
  if (handle.kind === 'file') {
    found.push({ file: await (handle as FileSystemFileHandle).getFile(), path })
  } else {
    for await (const child of (handle as FileSystemDirectoryHandle).values()) await walkHandle(child, `${path}/`, found)
  }
}

async function walk(entry: FileSystemEntry, found: Source[]): Promise<void> {
  if (JUNK.test(entry.name) || found.length > MOST_ENTRIES) return
  // by its flags: not every browser has these classes by name
  if (entry.isFile) {
    found.push({ file: await fileOf(entry as FileSystemFileEntry), path: entry.fullPath.replace(/^\//, '') })
  } else {
    for (const child of await childrenOf(entry as FileSystemDirectoryEntry)) await walk(child, found)
  }
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))

/** Browsers hand out at most 100 entries a call, and an empty list at the end. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const children: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (!some.length) return children
    children.push(...some)
  }
}

/** Pasted images have no name of their own, so they get the time; `word` is the page's word for "pasted". */
export function fromClipboard(transfer: DataTransfer, word: string): Source[] {
  const stamp = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().replace(/\D/g, '').slice(0, 14)
  const time = `${stamp.slice(0, 8)}-${stamp.slice(8)}`
  return Array.from(transfer.files)
    .filter((file) => file.type.startsWith('image/'))
    .map((file, at) => {
      const extension = file.type.slice('image/'.length).replace('jpeg', 'jpg')
      const path = `${word}-${time}${at ? `-${at + 1}` : ''}.${extension}`
      return { file: new File([file], path, { type: file.type, lastModified: file.lastModified }), path }
    })
}
