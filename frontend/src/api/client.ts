// The one HTTP client. Every failure leaves it as a ProblemError, so callers only see data.
import createClient from 'openapi-fetch'
import { signedOut } from './presence'
import { ProblemError, problemOf } from './problem'
import type { paths } from './schema.gen'
import type { Page } from './types'

async function fetchOrProblem(request: Request): Promise<Response> {
  let response: Response
  try {
    response = await fetch(request)
  } catch (error) {
    if (request.signal.aborted) throw error
    throw new ProblemError(0, { code: 'offline' })
  }
  if (response.ok) return response
  const problem = await problemOf(response)
  if (problem.code === 'not_authenticated') signedOut()
  throw problem
}

export const client = createClient<paths>({ baseUrl: location.origin, fetch: fetchOrProblem })

/** The data of an answer; openapi-fetch types it as possibly absent, our fetch throws in that case. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  return (await answer).data as NonNullable<T>
}

/** Every item of a paged list, following its cursors. */
export async function all<T>(load: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await load(cursor)
    items.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return items
}
