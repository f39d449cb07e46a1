import { GridLayout, type GridLayoutOptions, Size } from 'react-aria-components'

export const GAP = 12
/** Name and buttons below the pictures, before they have been measured. */
const WORDS = 84

type Update = Parameters<GridLayout<object>['update']>[0]

/** As many equal columns as fit, edge to edge: the list reaches one gap beyond the page's own edges on both sides. */
export class CardLayout extends GridLayout<object> {
  override update(context: Update) {
    const least = (context.layoutOptions as GridLayoutOptions).minItemSize!.width
    const room = this.virtualizer!.size.width - GAP
    const columns = Math.max(1, Math.floor(room / (least + GAP)))
    const width = Math.max(1, Math.floor(room / columns) - GAP)
    const size = new Size(width, Math.round(width / 2) + WORDS)
    super.update({ ...context, layoutOptions: { ...context.layoutOptions, minItemSize: size, maxItemSize: size } })
  }
}

export const layoutOptions = (least: number) => ({ minItemSize: new Size(least, least), minSpace: new Size(GAP, GAP) })
