import { ProblemError } from '@/api/problem'
import type { Dictionary } from '.'

/** What went wrong in the user's language; what has no text of its own falls back to the server's words. */
export function problemText(text: Dictionary, error: unknown): string {
  if (!(error instanceof ProblemError)) return text.problems.unknown
  const known: Record<string, string> = text.problems.codes
  if (error.code === 'insufficient_credits' && typeof error.extra.required === 'number') {
    return text.problems.shortOfCredits(error.extra.required, Number(error.extra.available))
  }
  const words = known[error.code] ?? error.message
  return error.retryAfter ? `${words} ${text.problems.waitSeconds(error.retryAfter)}` : words
}
