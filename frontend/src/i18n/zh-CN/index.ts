// The dictionary of the page. Its type is what every other language must satisfy.
import { auth } from './auth'
import { batches } from './batches'
import type { more } from './more'
import { problems } from './problems'
import { shell } from './shell'
import { workspace } from './workspace'

export const zhCN = { shell, problems, auth, workspace, batches }

export type First = typeof zhCN
export type More = typeof more
export type Dictionary = First & More
