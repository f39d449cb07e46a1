// The names the page uses for what the API answers; the shapes themselves are generated.
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type User = Schemas['UserOut']
export type Image = Schemas['ImageOut']
export type Model = Schemas['ModelOut']
export type BatchConfig = Schemas['BatchConfigOut']
export type Preset = Schemas['PresetOut']
export type Queue = Schemas['QueueOut']
export type QueueStatus = Queue['status']
export type Task = Schemas['TaskOut']
export type TaskStatus = Task['status']
export type LedgerEntry = Schemas['CreditEntryOut']
export type ApiToken = Schemas['ApiTokenOut']
export type NewApiToken = Schemas['NewApiTokenOut']
export type SignedInSession = Schemas['SessionOut']
export type Health = Schemas['Health']
export type Dispatcher = Schemas['DispatcherOut']
export type RuntimeConfig = Schemas['RuntimeConfig']
export type AdminPreset = Schemas['AdminPresetOut']
export type AdminQueue = Schemas['AdminQueueOut']
export type AdminTask = Schemas['AdminTaskOut']
export type AdminUser = Schemas['AdminUserOut']

export type Stats = Schemas['StatsOut']
export type Latency = Schemas['LatencyOut']
export type SystemFacts = Schemas['SystemOut']
export type Cleaned = Schemas['CleanupOut']
export type AuditEntry = Schemas['AuditEntryOut']
export type UpstreamHealth = Schemas['UpstreamOut']
export type OwnUpstream = Schemas['OwnUpstreamOut']
export type OwnUpstreamFields = Schemas['OwnUpstreamIn']
export type UpstreamTest = Schemas['UpstreamTestOut']

export interface Page<T> {
  items: T[]
  next_cursor: string | null
}
