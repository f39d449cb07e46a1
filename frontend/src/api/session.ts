// Who is signed in.
import { queryOptions } from '@tanstack/react-query'
import { client, data } from './client'
import { left, signedIn } from './presence'
import { ProblemError } from './problem'
import { queryClient } from './cache'
import { dropAllFiles } from '@/lib/vault'

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async () => {
    const user = await data(client.GET('/api/auth/me'))
    signedIn()
    return user
  },
  staleTime: 60_000,
})

export interface Credentials {
  username: string
  password: string
}

/** Sign in, or sign in again in place: what is cached stays if it is the same person. */
export async function signIn(credentials: Credentials) {
  await client.POST('/api/auth/session', { body: credentials })
  const before = queryClient.getQueryData(meQuery.queryKey)
  const user = await queryClient.fetchQuery({ ...meQuery, staleTime: 0 })
  if (before && before.id !== user.id) queryClient.removeQueries({ predicate: (query) => query.queryKey[0] !== 'me' })
  else if (before) await queryClient.invalidateQueries()
  return user
}

export async function register(account: Credentials & { email?: string }) {
  await client.POST('/api/auth/register', { body: account })
  return signIn({ username: account.username, password: account.password })
}

export async function signOut() {
  try {
    await client.DELETE('/api/auth/session')
  } catch (error) {
    // a session that had ended already is what was wanted; anything else leaves it open, and must be said
    if (!(error instanceof ProblemError) || error.status !== 401) throw error
  }
  left()
  // where nothing can be kept, nothing was
  await dropAllFiles().catch(() => {})
}

/** Once the page of whoever signed out is gone: what it still showed would only be asked for again, and be refused. */
export function forgetUser() {
  queryClient.removeQueries({ type: 'inactive' })
}
