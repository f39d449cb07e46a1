// What went wrong, as the server said it (RFC 9457) or as the browser saw it.

export interface FieldProblem {
  loc: (string | number)[]
  msg: string
  type: string
}

interface ProblemBody {
  code?: string
  detail?: string
  errors?: FieldProblem[]
  [extra: string]: unknown
}

export class ProblemError extends Error {
  readonly status: number
  /** A word of the API's list, or `offline` when no answer came at all. */
  readonly code: string
  readonly errors: FieldProblem[]
  readonly requestId: string | null
  readonly retryAfter: number | null
  readonly extra: Record<string, unknown>

  constructor(status: number, body: ProblemBody, headers?: Headers) {
    super(body.detail ?? body.code ?? `HTTP ${status}`)
    this.name = 'ProblemError'
    this.status = status
    this.code = body.code ?? (status === 0 ? 'offline' : 'internal')
    this.errors = body.errors ?? []
    this.requestId = headers?.get('x-request-id') ?? null
    this.retryAfter = Number(headers?.get('retry-after')) || null
    this.extra = body
  }

  /** True when the same request may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

export async function problemOf(response: Response): Promise<ProblemError> {
  return new ProblemError(response.status, parseBody(await response.text()), response.headers)
}

/** The problem document in `text`; a proxy's HTML page has none. */
export function parseBody(text: string): ProblemBody {
  try {
    const body: unknown = JSON.parse(text)
    return body && typeof body === 'object' ? (body as ProblemBody) : {}
  } catch {
    return {}
  }
}
