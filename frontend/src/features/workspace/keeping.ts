// Keeps the draft over a reload and a closed tab: a record of it, and the files that are not uploaded yet.
// Each tab has a draft of its own. A tab that opens takes over the newest one that no other tab answers for.
import { presence } from '@/api/presence'
import { randomId } from '@/lib/random'
import { createStore } from '@/lib/store'
import { claim, draftsOf, dropFile, type KeptDraft, filesOf, forget, keepFile, save } from '@/lib/vault'
import { BLANK, type Draft, draft, empty, everyPhoto, markDuplicates, type Photo } from './draft'
import { fill, look } from './intake'
import { take } from './tabs'

const SAVE_MS = 400
/** Nothing that large can be uploaded. */
const LARGEST_KEPT = 64 * 1024 ** 2
const KEPT_MS = 30 * 86_400_000
const TAB = 'nb.draft'

type KeptPhoto = Omit<Photo, 'file' | 'thumbnail' | 'error'>
type Content = Omit<Draft, 'photos' | 'references' | 'rest'> & { photos: KeptPhoto[]; references: KeptPhoto[] }

/** `looking` until what was kept is back; then whether what is here is written. */
export const keeping = createStore<'looking' | 'writing' | 'kept' | 'unkept'>('looking')

/** This page load; a draft whose owner is another one has been taken over. */
const owner = randomId()
let user: number | null = null
let id = randomId()
let timer: ReturnType<typeof setTimeout> | undefined
const filed = new Set<string>()
/** The draft as it is written down, which may be older than the one on the page. */
let written = BLANK
/** Whether a file could not be kept, as when this browser's room is full. */
let unfileable = false

/** Keep the draft of this user from now on, beginning with what was kept. */
export async function keepDraftOf(next: number) {
  if (user === next) return
  if (user !== null) empty()
  user = next
  id = randomId()
  filed.clear()
  written = BLANK
  unfileable = false
  keeping.set('looking')
  try {
    await restore(next)
    keeping.set('kept')
  } catch {
    keeping.set('unkept')
  }
  fill()
  await keepNow()
  void keepFiles()
}

async function restore(whose: number) {
  const mine = sessionStorage.getItem(TAB)
  const found = (await draftsOf(whose)).sort((a, b) => Number(b.id === mine) - Number(a.id === mine) || b.savedAt - a.savedAt)
  for (const kept of found) {
    if (Date.now() - kept.savedAt > KEPT_MS) await forget(kept.id)
    else if (user === whose && (await take(kept.id, kept.id === mine)) && (await claim(kept.id, owner))) {
      return takeUp(kept, await filesOf(kept.id))
    }
  }
  await settle()
}

/** This tab's draft has this id from now on, also after a reload. */
async function settle() {
  await take(id)
  sessionStorage.setItem(TAB, id)
}

function takeUp(kept: KeptDraft, files: Map<string, File>) {
  const content = kept.content as Content
  id = kept.id
  sessionStorage.setItem(TAB, id)
  written = { ...BLANK, ...content }
  for (const key of files.keys()) filed.add(key)
  const photos = content.photos.map((photo) => revive(photo, files.get(photo.key)))
  const references = content.references.map((photo) => revive(photo, files.get(photo.key)))
  // what was done meanwhile stays: it is newer
  draft.set((now) => ({
    ...content,
    ...now,
    photos: markDuplicates([...photos, ...now.photos]),
    references: [...references, ...now.references],
    prompt: now.prompt || content.prompt,
    model: now.model ?? content.model,
    batchName: now.batchName || content.batchName,
    aspectRatio: now.aspectRatio || content.aspectRatio,
    imageSize: now.imageSize || content.imageSize,
    attempt: content.attempt,
  }))
  everyPhoto(draft.get()).forEach((photo) => photo.check === 'checking' && files.has(photo.key) && look(photo))
}

function revive(kept: KeptPhoto, file: File | undefined): Photo {
  if (kept.image) return { ...kept, thumbnail: kept.image.thumbnail_url }
  if (kept.check === 'bad') return kept
  return file ? { ...kept, file, check: 'checking' } : { ...kept, check: 'bad', problem: 'gone' }
}

function contentOf({ rest: _rest, ...now }: Draft): Content {
  const plain = ({ file: _file, thumbnail: _thumbnail, error: _error, ...photo }: Photo): KeptPhoto => photo
  return { ...now, photos: now.photos.map(plain), references: now.references.map(plain) }
}

const isBlank = (now: Draft) =>
  !now.photos.length && !now.references.length && !now.prompt && !now.batchName && now.model === BLANK.model

/** Write it now, as before something must not be lost. */
export async function keepNow(): Promise<void> {
  clearTimeout(timer)
  timer = undefined
  if (user === null || keeping.get() === 'looking') return
  try {
    const now = draft.get()
    if (isBlank(now)) await forget(id)
    else if (!(await save({ id, user, owner, savedAt: Date.now(), content: contentOf(now) }))) {
      // another tab took it over while this one was frozen: what is here goes on as a draft of its own
      id = randomId()
      filed.clear()
      await settle()
      return keepNow()
    }
    written = now
    tellKept()
  } catch {
    keeping.set('unkept')
  }
}

/** Kept is what is written down and can be shown again: what is not uploaded needs its file, too. */
function tellKept() {
  if (!timer && !unfileable && !unfiled()) keeping.set('kept')
}

let filing = false

/** One file after another, the last first: uploading begins at the other end, so hardly one is written in vain. */
async function keepFiles() {
  if (filing || user === null || keeping.get() === 'looking') return
  filing = true
  try {
    for (let next = unfiled(); next?.file; next = unfiled()) {
      await keepFile({ key: next.key, draft: id, file: next.file })
      filed.add(next.key)
    }
    if (unfileable) {
      unfileable = false
      void keepNow()
    }
    tellKept()
    // a file goes once it is written down that the server has it: until then a reload would look for it
    const needed = new Set([written, draft.get()].flatMap(everyPhoto).flatMap((photo) => (photo.image || photo.check === 'bad' ? [] : photo.key)))
    for (const key of filed) {
      if (needed.has(key)) continue
      filed.delete(key)
      await dropFile(key)
    }
  } catch {
    unfileable = true
    keeping.set('unkept')
  } finally {
    filing = false
  }
}

const unfiled = () =>
  everyPhoto(draft.get()).findLast(
    ({ key, file, check, image, size }) => file && check !== 'bad' && !image && size <= LARGEST_KEPT && !filed.has(key),
  )

draft.subscribe(() => {
  if (user === null) return
  if (keeping.get() === 'kept') keeping.set('writing')
  timer ??= setTimeout(() => void keepNow().then(keepFiles), SAVE_MS)
})
document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && timer && void keepNow().then(keepFiles))
presence.subscribe(() => {
  if (presence.get() !== 'unknown') return
  // signed out: nothing of theirs is shown to whoever comes next
  void keepNow()
  user = null
  clearTimeout(timer)
  timer = undefined
  empty()
})
