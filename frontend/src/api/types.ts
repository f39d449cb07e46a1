// The names the page uses for what the API answers; the shapes themselves are generated.
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type User = Schemas['User']
export type Image = Schemas['Image']
export type Model = Schemas['Model']
export type BatchConfig = Schemas['Config']
export type Preset = Schemas['Preset']
export type Queue = Schemas['Queue']
export type QueueStatus = Queue['status']
export type Task = Schemas['Task']
export type TaskStatus = Task['status']
export type LedgerEntry = Schemas['Entry']
export type ApiToken = Schemas['Token']
export type NewApiToken = Schemas['NewToken']
export type SignedInSession = Schemas['Sess']
export type Health = Schemas['Health']
export type RuntimeConfig = Schemas['Runtime']
export type AdminPreset = Schemas['AdminPreset']
export type AdminQueue = Schemas['AdminQueue']
export type AdminTask = Schemas['AdminTask']
export type AdminUser = Schemas['AdminUser']

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}
