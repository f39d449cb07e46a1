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

export function fromPicker(files: FileList | null): Source[] {
  return Array.from(files ?? [], (file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ path }) => !isJunk(path))
    .slice(0, MOST_ENTRIES)
}

/** Everything in a drop, folders walked. The entries must be taken before the first await: the event empties after it. */
export async function fromDrop(transfer: DataTransfer): Promise<Source[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (!entries.length) return fromPicker(transfer.files)
  const found: Source[] = []
  for (const entry of entries) await walk(entry, found)
  return found
}

async function walk(entry: FileSystemEntry, found: Source[]): Promise<void> {
  if (JUNK.test(entry.name) || found.length >= MOST_ENTRIES) return
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
