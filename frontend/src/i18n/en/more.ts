import type { More } from '../zh-CN'
import { account } from './account'
import { admin } from './admin'

export const more = { account, admin } satisfies More
