import type { DebugProtocol } from '@vscode/debugprotocol'
import type { ExceptionFilter, ExceptionFilters } from '../target/debug-monitor.ts'

/** As the editor shows them. */
export const EXCEPTION_FILTERS: readonly DebugProtocol.ExceptionBreakpointsFilter[] = [
  {
    filter: 'uncaught',
    label: 'Uncaught exceptions',
    description: 'Exceptions that end the command, but for ISOException; and what stops the card for good.',
    default: true,
    supportsCondition: true,
    conditionDescription: 'names, as NullPointerException, SecurityException; or all but these: !CryptoException',
  },
  {
    filter: 'status',
    label: 'ISOException that becomes the answer',
    description: 'How applets refuse: ISOException.throwIt(...), caught by nobody.',
    default: false,
  },
  {
    filter: 'caught',
    label: 'Caught exceptions',
    description: 'Exceptions that a handler of the applet takes.',
    default: false,
    supportsCondition: true,
    conditionDescription: 'names, as NullPointerException, SecurityException; or all but these: !CryptoException',
  },
]

export function exceptionFilters(args: DebugProtocol.SetExceptionBreakpointsArguments): ExceptionFilters {
  const filter = (name: string): ExceptionFilter | undefined => {
    const option = args.filterOptions?.find(({ filterId }) => filterId === name)
    if (option !== undefined) return named(option.condition)
    return args.filters.includes(name) ? named(undefined) : undefined
  }
  return { caught: filter('caught'), uncaught: filter('uncaught'), status: filter('status') }
}

function named(condition = ''): ExceptionFilter {
  const isExcluding = condition.trim().startsWith('!')
  const names = condition
    .split(',')
    .map((one) => one.trim().replace(/^!/, ''))
    .filter((one) => one !== '')
  return { names, isExcluding }
}
