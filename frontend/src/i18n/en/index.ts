import type { Dictionary } from '../zh-CN'
import { account } from './account'
import { admin } from './admin'
import { auth } from './auth'
import { batches } from './batches'
import { problems } from './problems'
import { shell } from './shell'
import { workspace } from './workspace'

export const en = { shell, problems, auth, workspace, batches, account, admin } satisfies Dictionary
