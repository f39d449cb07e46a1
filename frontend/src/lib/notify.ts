// Desktop notifications, where the browser has them: on https or this machine itself, and only if allowed.
import { recall, remember } from './preferences'

const possible = () => 'Notification' in window && window.isSecureContext

/** Ask for permission, once in this browser's life. Only ever in answer to what somebody did: starting a batch. */
export function askToNotify() {
  if (!possible() || Notification.permission !== 'default' || recall('notify')) return
  remember('notify', 'asked')
  void Notification.requestPermission()
}

/** Say something to somebody who is elsewhere. The same `tag` from several tabs shows once. */
export function notify(title: string, body: string, tag: string, onOpen: () => void) {
  if (!possible() || Notification.permission !== 'granted' || document.visibilityState === 'visible') return
  try {
    const note = new Notification(title, { body, tag, icon: '/favicon.svg' })
    note.onclick = () => {
      window.focus()
      note.close()
      onOpen()
    }
  } catch {
    // phones only let service workers notify; title and icon still tell
  }
}
