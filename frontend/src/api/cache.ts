import { QueryClient } from '@tanstack/react-query'
import { ProblemError } from './problem'

/** Server state lives here and nowhere else. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      networkMode: 'always',
      retry: (failures, error) => failures < 2 && (!(error instanceof ProblemError) || error.passing),
    },
    mutations: { networkMode: 'always' },
  },
})
