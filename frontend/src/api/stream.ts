// One event stream, kept alive. It runs in a worker shared by all tabs, or in the tab itself where there is none such.

export type Message =
  | { kind: 'open' }
  | { kind: 'lost'; failures: number; retryAt: number; refused: boolean }
  | { kind: 'queue' | 'task' | 'queue_deleted'; data: string }

const ADDRESS = '/api/batch/events'
const RETRY_MS = [1_000, 3_000, 6_000, 15_000]
/** A proxy that keeps the answer to itself leaves the browser waiting without an error. */
const SILENCE_MS = 10_000
const WATCH_MS = 5_000
/** A clock that jumps this far means that the machine slept; its connection may be dead without having been told. */
const SLEPT_MS = 60_000

export class Stream {
  private source: EventSource | null = null
  private failures = 0
  private retry: ReturnType<typeof setTimeout> | undefined
  private opening: ReturnType<typeof setTimeout> | undefined
  private watch: ReturnType<typeof setInterval> | undefined
  private ticked = 0
  private readonly emit: (message: Message) => void

  constructor(emit: (message: Message) => void) {
    this.emit = emit
  }

  /** Connect, or connect anew. */
  open() {
    this.drop()
    this.startWatch()
    const source = new EventSource(ADDRESS)
    this.source = source
    this.opening = setTimeout(() => this.lost(source), SILENCE_MS)
    source.onopen = () => {
      clearTimeout(this.opening)
      this.failures = 0
      this.emit({ kind: 'open' })
    }
    source.onerror = () => this.lost(source)
    for (const kind of ['queue', 'task', 'queue_deleted'] as const) {
      source.addEventListener(kind, (event) => this.emit({ kind, data: event.data as string }))
    }
  }

  close() {
    clearInterval(this.watch)
    this.watch = undefined
    this.drop()
  }

  /** Its own clock instead of the browser's: only so can the page say when it tries again. */
  private lost(source: EventSource) {
    if (source !== this.source) return
    const refused = source.readyState === EventSource.CLOSED
    this.drop()
    this.failures += 1
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1]!
    this.retry = setTimeout(() => this.open(), wait)
    this.emit({ kind: 'lost', failures: this.failures, retryAt: Date.now() + wait, refused })
  }

  private drop() {
    clearTimeout(this.retry)
    clearTimeout(this.opening)
    this.source?.close()
    this.source = null
  }

  private startWatch() {
    if (this.watch !== undefined) return
    this.ticked = Date.now()
    this.watch = setInterval(() => {
      const slept = Date.now() - this.ticked > SLEPT_MS
      this.ticked = Date.now()
      if (!slept) return
      this.emit({ kind: 'lost', failures: 1, retryAt: Date.now(), refused: false })
      this.open()
    }, WATCH_MS)
  }
}
