// The page's icons: one grid of 24, one stroke. Decorative by nature; what they mean is always said in words beside them.

const paths = {
  add: 'M12 5v14M5 12h14',
  alert: 'M12 4 2.8 19.5h18.4zM12 10v4.5M12 17.2v.01',
  archive: 'M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4.5 19.5h15',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  arrowDown: 'M12 5v14m0 0 5.5-5.5M12 19l-5.5-5.5',
  arrowUp: 'M12 19V5m0 0 5.5 5.5M12 5 6.5 10.5',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  checkCircle: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM8 12.3l2.8 2.7 5.2-5.5',
  chevron: 'm6.5 9.5 5.5 5.5 5.5-5.5',
  clock: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 7.5V12l3 2',
  close: 'm6 6 12 12M18 6 6 18',
  coin: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 8l3.5 4-3.5 4-3.5-4z',
  compare: 'M12 3v18M9 6H4.5v12H9M15 6h4.5v12H15',
  copy: 'M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4',
  edit: 'm4.5 19.5 1-4.5L16 4.5l3.5 3.5L9 18.5zM13.5 7l3.5 3.5',
  error: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM9 9l6 6M15 9l-6 6',
  external: 'M14 4.5h5.5V10M19 5l-8 8M10 5.5H4.5v14h14V14',
  file: 'M6 3.5h8l4.5 4.5v12.5H6zM13.5 3.5V8.5h5',
  folder: 'M3.5 6.5h6l2 2.5h9v10h-17z',
  image: 'M4 4.5h16v15H4zM4.5 17l4.5-5 3.5 3.5 2.5-2.5 4.5 4M15.5 8.5v.01',
  info: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 11v5M12 8v.01',
  keyboard: 'M3 6.5h18v11H3zM6.5 10v.01M10 10v.01M13.5 10v.01M17 10v.01M8 14h8',
  less: 'M5 12h14',
  list: 'M8.5 6.5h11M8.5 12h11M8.5 17.5h11M4.5 6.5v.01M4.5 12v.01M4.5 17.5v.01',
  minus: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM8 12h8',
  monitor: 'M3.5 5h17v11h-17zM9 20h6M12 16v4M7 12l2.5-3 2.5 2 3-4',
  more: 'M5.5 12v.01M12 12v.01M18.5 12v.01',
  next: 'M9.5 5.5 16 12l-6.5 6.5',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  play: 'M7.5 5v14l11-7z',
  redo: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15',
  run: 'M12 3.5a8.5 8.5 0 1 0 8.5 8.5',
  receipt: 'M6 3.5h12v17l-2.4-1.5-1.8 1.5-1.8-1.5-1.8 1.5-1.8-1.5L6 20.5zM9.5 8.5h5M9.5 12h5',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5l4.5 4.5',
  settings: 'M4 7.5h9M17 7.5h3M4 16.5h3M11 16.5h9M15 5.3v4.4M9 14.3v4.4',
  stop: 'M6.5 6.5h11v11h-11z',
  trash: 'M4.5 6.5h15M9.5 6V4h5v2M6.5 6.5l1 13.5h9l1-13.5M10.5 10.5v5.5M13.5 10.5v5.5',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5',
  users: 'M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM2.5 19c.7-3.5 3.3-4.5 6.5-4.5s5.8 1 6.5 4.5M16 5.5a3.2 3.2 0 0 1 0 6.2M18 14.8c2 .5 3.2 1.8 3.6 4.2',
} as const

export type IconName = keyof typeof paths

interface Props {
  name: IconName
  size?: number
  className?: string
}

export function Icon({ name, size = 18, className }: Props) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={className}
    >
      <path d={paths[name]} />
    </svg>
  )
}
