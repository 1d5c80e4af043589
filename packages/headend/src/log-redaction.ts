import type { Logger } from 'pino'

// Keys never reach a log call on purpose; this is for the day when someone logs the object they are in.
const secrets = ['keys', 'blockCipherKey', 'authenticationKey', 'passphrase', 'keystorePassphrase']

/** The head-end's own logger: as the given one, with keys and passphrases cut out of whatever is logged. */
export function redacted(logger: Logger): Logger {
  const paths = secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  return logger.child({ room: 'headend' }, { redact: { paths, censor: '[secret]' } })
}
