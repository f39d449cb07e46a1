// While bytes are on their way or a start is under way the browser asks before the page is closed, and the screen stays on:
// on whichever page somebody waits for it.
import { isBusy, phase } from './start'
import { inFlight } from './uploads'

const ask = (event: BeforeUnloadEvent) => event.preventDefault()
let awake: Promise<WakeLockSentinel | null> | undefined
let watched = false

function watch() {
  const wanted = inFlight.get() || isBusy(phase.get())
  if (wanted === watched) return
  watched = wanted
  if (wanted) {
    window.addEventListener('beforeunload', ask)
    // a phone that falls asleep stops sending; where the browser does not allow this, it just may
    awake = navigator.wakeLock?.request('screen').catch(() => null)
  } else {
    window.removeEventListener('beforeunload', ask)
    void awake?.then((lock) => lock?.release())
  }
}

inFlight.subscribe(watch)
phase.subscribe(watch)
