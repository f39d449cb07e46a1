import type { First } from '../zh-CN'
import { auth } from './auth'
import { batches } from './batches'
import { problems } from './problems'
import { shell } from './shell'
import { workspace } from './workspace'

export const en = { shell, problems, auth, workspace, batches } satisfies First
