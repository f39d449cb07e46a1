import { ProblemError } from '@/api/problem'
import type { Dictionary } from '.'

/** What a status alone means: a proxy's error has no document, and only its words are guessed, nothing is done about them. */
const MEANING: Record<number, string> = {
  401: 'not_authenticated',
  404: 'not_found',
  413: 'body_too_large',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/** What went wrong in the user's language; what has no text of its own falls back to the server's words. */
export function problemText(text: Dictionary, error: unknown): string {
  if (!(error instanceof ProblemError)) return text.problems.unknown
  const known: Record<string, string> = text.problems.codes
  if (error.code === 'insufficient_credits' && typeof error.extra.required === 'number') {
    return text.problems.shortOfCredits(error.extra.required, Number(error.extra.available))
  }
  const words = known[(!error.extra.code && MEANING[error.status]) || error.code] ?? error.message
  return error.retryAfter ? `${words} ${text.problems.waitSeconds(error.retryAfter)}` : words
}
