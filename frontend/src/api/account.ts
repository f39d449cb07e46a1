// What belongs to the signed-in user: ledger, tokens, sessions, password.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { all, client, data } from './client'
import { ProblemError } from './problem'
import type { OwnUpstreamFields } from './types'

export const ledgerQuery = infiniteQueryOptions({
  queryKey: ['credits'],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam }) => data(client.GET('/api/auth/credits', { params: { query: { cursor: pageParam, limit: 100 } } })),
  getNextPageParam: (page) => page.next_cursor ?? undefined,
})

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: () => all((cursor) => data(client.GET('/api/auth/tokens', { params: { query: { cursor, limit: 100 } } }))),
})

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: () => all((cursor) => data(client.GET('/api/auth/sessions', { params: { query: { cursor, limit: 100 } } }))),
})

export const createToken = (name: string, days: number) =>
  data(client.POST('/api/auth/tokens', { body: { name, ...(days && { expires_in_days: days }) } }))

export const revokeToken = (id: number) =>
  client.DELETE('/api/auth/tokens/{token_id}', { params: { path: { token_id: id } } })

export const revokeSession = (id: number) =>
  client.DELETE('/api/auth/sessions/{session_id}', { params: { path: { session_id: id } } })

export const changePassword = (current_password: string, new_password: string) =>
  client.POST('/api/auth/password', { body: { current_password, new_password } })

/** Null: none is set, which is no error. */
export const ownUpstreamQuery = queryOptions({
  queryKey: ['own-upstream'],
  queryFn: async () => {
    try {
      return await data(client.GET('/api/auth/upstream'))
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'not_found') return null
      throw error
    }
  },
})

export const putOwnUpstream = (fields: OwnUpstreamFields) => data(client.PUT('/api/auth/upstream', { body: fields }))
export const deleteOwnUpstream = () => client.DELETE('/api/auth/upstream')
export const testOwnUpstream = () => data(client.POST('/api/auth/upstream/test'))
