// Which draft is open in which tab. Web Locks know it exactly, but only in secure contexts; on plain http the tabs are asked.

const ANSWER_MS = 300
const UNLOAD_MS = 100

let mine: string | null = null
let letGo: () => void = () => {}

const me = crypto.getRandomValues(new Uint32Array(2)).join('-')
const tabs = !('locks' in navigator) && typeof BroadcastChannel !== 'undefined' ? new BroadcastChannel('nb.drafts') : null
if (tabs) {
  tabs.onmessage = ({ data }: MessageEvent<{ ask?: string; from?: string }>) => {
    if (data.ask && data.from !== me && data.ask === mine) tabs.postMessage({ open: mine })
  }
}

/** Make the draft this tab's, in place of the one it had. False when another tab has it open. */
export async function take(id: string, patient = false): Promise<boolean> {
  // its lock is not given twice: whoever signs out and in again has it still
  if (id === mine) return true
  for (let left = patient ? 5 : 1; left > 0; left -= 1) {
    if (await (navigator.locks ? lock(id) : ask(id))) {
      mine = id
      return true
    }
    // the page that this one replaces may not be quite gone
    if (left > 1) await new Promise((resolve) => setTimeout(resolve, UNLOAD_MS))
  }
  return false
}

const lock = (id: string) =>
  new Promise<boolean>((resolve) => {
    const held = navigator.locks.request(`nb.draft.${id}`, { ifAvailable: true }, (granted) => {
      if (!granted) return resolve(false)
      letGo()
      resolve(true)
      return new Promise<void>((release) => (letGo = release))
    })
    held.catch(() => resolve(true))
  })

function ask(id: string): Promise<boolean> {
  if (!tabs) return Promise.resolve(true)
  return new Promise((resolve) => {
    const done = (free: boolean) => {
      tabs.removeEventListener('message', hear)
      resolve(free)
    }
    const hear = ({ data }: MessageEvent<{ open?: string }>) => data.open === id && done(false)
    tabs.addEventListener('message', hear)
    tabs.postMessage({ ask: id, from: me })
    setTimeout(() => done(true), ANSWER_MS)
  })
}
