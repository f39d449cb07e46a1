// The words of the pages that most visits never see; see loadMoreWords.
import { account } from './account'
import { admin } from './admin'

export const more = { account, admin }
