import type { Dictionary } from '.'

interface Named {
  name: string
  provider: string
  description: string
}

/** The local engine says what it is, in the reader's language, wherever it shows. */
export const modelName = (text: Dictionary, model: Named) =>
  model.provider === 'local' ? text.shell.localEngine : model.name

export const modelDescription = (text: Dictionary, model: Named) =>
  model.provider === 'local' ? text.shell.localEngineHint : model.description
