// The dictionary of the page. Its type is what every other language must satisfy.
import { account } from './account'
import { admin } from './admin'
import { auth } from './auth'
import { batches } from './batches'
import { problems } from './problems'
import { shell } from './shell'
import { workspace } from './workspace'

export const zhCN = { shell, problems, auth, workspace, batches, account, admin }

export type Dictionary = typeof zhCN
