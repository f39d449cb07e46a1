import type { ReactNode } from 'react'
import { Button as AriaButton, type ButtonProps, Link, type LinkProps, Tooltip, TooltipTrigger } from 'react-aria-components'
import { Icon, type IconName } from './icons'

interface Look {
  kind?: 'plain' | 'main' | 'quiet' | 'danger'
  size?: 'small' | 'medium' | 'large'
  icon?: IconName
}

type Props = Omit<ButtonProps, 'children' | 'className'> & Look & { children: ReactNode; className?: string }

/** While pending it keeps its place and the focus, and does nothing. (react-aria's own `isPending` announces the button by
 * reference, which names nothing once the button has been replaced by what it led to; and `data-pending` is its own word.) */
export function Button({ kind = 'plain', size = 'medium', icon, children, className, isPending, ...rest }: Props) {
  const inert = isPending ? { onPress: undefined, type: 'button' as const, 'data-busy': '' } : {}
  return (
    <AriaButton {...rest} {...inert} className={`btn ${className ?? ''}`} data-kind={kind} data-size={size}>
      {isPending ? <Icon name="run" className="spinning" /> : icon && <Icon name={icon} />}
      {children}
    </AriaButton>
  )
}

type IconProps = Omit<ButtonProps, 'children' | 'className'> & Look & { icon: IconName; label: string; keys?: string }

/** A button of one icon: its label is its name, and shows beside it on hover and focus. */
export function IconButton({ kind = 'quiet', size = 'medium', icon, label, keys, ...rest }: IconProps) {
  return (
    <TooltipTrigger delay={500}>
      <AriaButton {...rest} aria-label={label} className="btn" data-kind={kind} data-size={size} data-icon="">
        <Icon name={icon} size={size === 'small' ? 16 : 20} />
      </AriaButton>
      <Tooltip className="tooltip" offset={6}>
        {label} {keys && <kbd>{keys}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  )
}

type ButtonLinkProps = Omit<LinkProps, 'children' | 'className'> & Look & { children: ReactNode }

/** Something that goes somewhere (or downloads) and looks like a button. */
export function ButtonLink({ kind = 'plain', size = 'medium', icon, children, ...rest }: ButtonLinkProps) {
  return (
    <Link {...rest} className="btn" data-kind={kind} data-size={size}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  )
}
