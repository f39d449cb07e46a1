// What this browser keeps of drafts over a reload, in IndexedDB: a record each, and the files that are not uploaded yet.
// Storage may be full or blocked: then every call rejects, and callers go on without.

const NAME = 'nano-banana'
const DRAFTS = 'drafts'
const FILES = 'files'

export interface KeptDraft {
  id: string
  user: number
  /** The page load that writes it; another one that takes it over puts its own here. */
  owner: string
  savedAt: number
  content: unknown
}

interface KeptFile {
  key: string
  draft: string
  file: File
}

let opened: Promise<IDBDatabase> | null = null

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(DRAFTS, { keyPath: 'id' })
      request.result.createObjectStore(FILES, { keyPath: 'key' }).createIndex('draft', 'draft')
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  opened.catch(() => (opened = null))
  return opened
}

/** Run `work` in one transaction; resolves with what it hands to `answer` once all of it is written. */
async function transact<T>(work: (drafts: IDBObjectStore, files: IDBObjectStore, answer: (value: T) => void) => void): Promise<T> {
  const database = await open()
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([DRAFTS, FILES], 'readwrite')
    let result: T
    transaction.oncomplete = () => resolve(result)
    transaction.onabort = () => reject(transaction.error)
    work(transaction.objectStore(DRAFTS), transaction.objectStore(FILES), (value) => (result = value))
  })
}

export const draftsOf = (user: number) =>
  transact<KeptDraft[]>((drafts, _files, answer) => {
    const all = drafts.getAll() as IDBRequest<KeptDraft[]>
    all.onsuccess = () => answer(all.result.filter((draft) => draft.user === user))
  })

/** Make the draft this page load's own. False when it is gone. */
export const claim = (id: string, owner: string) =>
  transact<boolean>((drafts, _files, answer) => {
    const found = drafts.get(id) as IDBRequest<KeptDraft | undefined>
    found.onsuccess = () => {
      if (found.result) drafts.put({ ...found.result, owner })
      answer(Boolean(found.result))
    }
  })

/** False, and nothing written, when another page load has made it its own. */
export const save = (draft: KeptDraft) =>
  transact<boolean>((drafts, _files, answer) => {
    const found = drafts.get(draft.id) as IDBRequest<KeptDraft | undefined>
    found.onsuccess = () => {
      const mine = !found.result || found.result.owner === draft.owner
      if (mine) drafts.put(draft)
      answer(mine)
    }
  })

/** Forget a draft and its files. */
export const forget = (id: string) =>
  transact<void>((drafts, files) => {
    drafts.delete(id)
    const kept = files.index('draft').getAllKeys(id)
    kept.onsuccess = () => kept.result.forEach((key) => files.delete(key))
  })

export const keepFile = (kept: KeptFile) => transact<void>((_drafts, files) => void files.put(kept))

export const filesOf = (draft: string) =>
  transact<Map<string, File>>((_drafts, files, answer) => {
    const found = files.index('draft').getAll(draft) as IDBRequest<KeptFile[]>
    found.onsuccess = () => answer(new Map(found.result.map(({ key, file }) => [key, file])))
  })

export const dropFile = (key: string) => transact<void>((_drafts, files) => void files.delete(key))

/** Nobody's pictures stay behind on a shared computer. */
export const dropAllFiles = () => transact<void>((_drafts, files) => void files.clear())
