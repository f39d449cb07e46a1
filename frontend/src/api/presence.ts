// Whether somebody is signed in, as far as the page knows without asking.
// The session cookie is HttpOnly, so a hint is kept: without it the sign-in page would first have to fail a request.
import { createStore } from '@/lib/store'
import { recall, remember } from '@/lib/preferences'

export type Presence = 'unknown' | 'in' | 'lost'

/** `lost`: was signed in and the server no longer says so; the shell asks for the password in place. */
export const presence = createStore<Presence>('unknown')

export const mayBeSignedIn = () => recall('signed-in') === '1'

export function signedIn() {
  remember('signed-in', '1')
  presence.set('in')
}

export function signedOut() {
  if (presence.get() === 'in') presence.set('lost')
  else remember('signed-in', null)
}

export function left() {
  remember('signed-in', null)
  presence.set('unknown')
}
