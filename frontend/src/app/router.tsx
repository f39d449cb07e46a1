// Every address of the page. What needs a sign-in is below `home`; admin and account are loaded when asked for.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { queryClient } from '@/api/cache'
import { mayBeSignedIn } from '@/api/presence'
import { ProblemError } from '@/api/problem'
import { meQuery } from '@/api/session'
import type { QueueStatus } from '@/api/types'
import { readMonitor } from '@/features/admin/monitor-search'
import { type Filter, filters } from '@/features/batches/versions'
import { loadMoreWords } from '@/i18n'
import { statuses } from '@/lib/statuses'
import { Crash, CrashAlone, NotFound } from './dead-ends'
import { Root } from './Root'
import { Shell } from './Shell'

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: CrashAlone })

interface Next {
  next?: string
}

/** Only a path of this page may be gone to after signing in. */
const readNext = (search: Record<string, unknown>): Next =>
  typeof search.next === 'string' && /^\/(?![/\\])/.test(search.next) ? { next: search.next } : {}

/** Somebody who is signed in has no use for a form to do so. */
async function skipIfSignedIn({ search }: { search: Next }) {
  if (!mayBeSignedIn()) return
  const user = await queryClient.ensureQueryData(meQuery).catch(() => null)
  if (user) throw redirect({ href: search.next ?? '/', replace: true })
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: readNext,
  beforeLoad: skipIfSignedIn,
  errorComponent: CrashAlone,
  component: lazyRouteComponent(() => import('@/features/auth/SignInPage'), 'SignInPage'),
})

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  validateSearch: readNext,
  beforeLoad: skipIfSignedIn,
  errorComponent: CrashAlone,
  component: lazyRouteComponent(() => import('@/features/auth/RegisterPage'), 'RegisterPage'),
})

async function requireUser({ location }: { location: { href: string } }) {
  const away = () => redirect({ to: '/sign-in', search: location.href === '/' ? {} : { next: location.href } })
  if (!mayBeSignedIn()) throw away()
  try {
    await queryClient.ensureQueryData(meQuery)
  } catch (error) {
    if (error instanceof ProblemError && error.status === 401) throw away()
    throw error
  }
}

const home = createRoute({ getParentRoute: () => root, id: 'home', beforeLoad: requireUser, component: Shell, errorComponent: CrashAlone })

export interface WorkspaceSearch {
  /** A batch whose settings fill the workspace. */
  repeat?: number
}

const workspace = createRoute({
  getParentRoute: () => home,
  path: '/',
  validateSearch: (search: Record<string, unknown>): WorkspaceSearch =>
    Number.isInteger(search.repeat) ? { repeat: search.repeat as number } : {},
  component: lazyRouteComponent(() => import('@/features/workspace/WorkspacePage'), 'WorkspacePage'),
})

export interface HistorySearch {
  status?: QueueStatus
  q?: string
}

const readHistory = (search: Record<string, unknown>): HistorySearch => ({
  ...(statuses.includes(search.status as QueueStatus) && { status: search.status as QueueStatus }),
  ...(search.q ? { q: String(search.q) } : {}),
})

export interface BatchSearch {
  show?: Filter
  image?: number
}

const history = createRoute({
  getParentRoute: () => home,
  path: '/batches',
  validateSearch: readHistory,
  component: lazyRouteComponent(() => import('@/features/batches/HistoryPage'), 'HistoryPage'),
})

const batch = createRoute({
  getParentRoute: () => home,
  path: '/batches/$id',
  validateSearch: (search: Record<string, unknown>): BatchSearch => ({
    ...(filters.includes(search.show as Filter) && search.show !== 'all' && { show: search.show as Filter }),
    ...(Number.isInteger(search.image) && { image: search.image as number }),
  }),
  params: { parse: ({ id }) => ({ id: Number(id) }), stringify: ({ id }) => ({ id: String(id) }) },
  component: lazyRouteComponent(() => import('@/features/batches/BatchPage'), 'BatchPage'),
})

/** A page whose words are not in the first dictionary. */
const withWords =
  <T,>(load: () => Promise<T>) =>
  async () =>
    (await Promise.all([load(), loadMoreWords()]))[0]

const account = createRoute({
  getParentRoute: () => home,
  path: '/account',
  component: lazyRouteComponent(withWords(() => import('@/features/account/AccountPage')), 'AccountPage'),
})

const admin = createRoute({
  getParentRoute: () => home,
  path: '/admin',
  component: lazyRouteComponent(withWords(() => import('@/features/admin/AdminPage')), 'AdminPage'),
})
const adminConfig = createRoute({
  getParentRoute: () => admin,
  path: '/',
  component: lazyRouteComponent(() => import('@/features/admin/ConfigPanel'), 'ConfigPanel'),
})
const adminMonitor = createRoute({
  getParentRoute: () => admin,
  path: '/monitor',
  validateSearch: (search: Record<string, unknown>) => readMonitor(search, statuses),
  component: lazyRouteComponent(() => import('@/features/admin/MonitorPanel'), 'MonitorPanel'),
})
const adminUsers = createRoute({
  getParentRoute: () => admin,
  path: '/users',
  validateSearch: (search: Record<string, unknown>): { q?: string } => (search.q ? { q: String(search.q) } : {}),
  component: lazyRouteComponent(() => import('@/features/admin/UsersPanel'), 'UsersPanel'),
})
const adminSystem = createRoute({
  getParentRoute: () => admin,
  path: '/system',
  component: lazyRouteComponent(() => import('@/features/admin/SystemPanel'), 'SystemPanel'),
})

/** The address that operators know. */
const panel = createRoute({
  getParentRoute: () => root,
  path: '/api/admin/panel',
  beforeLoad: () => {
    throw redirect({ to: '/admin' })
  },
})

const routeTree = root.addChildren([
  signIn,
  register,
  panel,
  home.addChildren([
    workspace,
    history,
    batch,
    account,
    admin.addChildren([adminConfig, adminMonitor, adminUsers, adminSystem]),
  ]),
])

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: Crash,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
