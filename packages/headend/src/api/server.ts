import fastifySwagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyBaseLogger, type FastifyReply, LogController } from 'fastify'
import type { Logger } from 'pino'
import { HeadendError } from '../errors.ts'
import { answers, namedShapes, refTo } from './components.ts'
import { serveConsole } from './console-files.ts'
import type { FeedHub } from './feed-hub.ts'
import { isCrossOrigin, isOwnName } from './guards.ts'
import { answerError } from './problems.ts'
import type { ApiParts, ApiServer } from './routes/api-parts.ts'
import { eventRoutes } from './routes/events.ts'
import { feedRoute } from './routes/feed.ts'
import { loadProfileRoute } from './routes/load-profile.ts'
import { meterRoutes } from './routes/meters.ts'
import { readRoute } from './routes/read.ts'
import { softwareRoute } from './routes/software.ts'
import { streetRoute } from './routes/street.ts'
import { switchRoute } from './routes/switch.ts'

export interface ApiServerOptions extends ApiParts {
  readonly hub: FeedHub
  readonly logger: Logger
  /** Names under which this head-end may be addressed. */
  readonly ownNames: ReadonlySet<string>
  /** The built console; without it there is only the API. */
  readonly consoleDir: string | undefined
}

const MOST_BODY_BYTES = 4096

/** The console is one page of its own files: nothing inline, nothing from elsewhere, in nobody's frame. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** The HTTP side, not yet listening. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const loggerInstance: FastifyBaseLogger = options.logger
  const server: ApiServer = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MOST_BODY_BYTES,
    requestTimeout: 30_000,
    // An address that is no URL does not even reach the hooks.
    frameworkErrors: answerError,
    forceCloseConnections: true,
    return503OnClosing: true,
  }).withTypeProvider<TypeBoxTypeProvider>()

  server.removeContentTypeParser('text/plain')
  server.setErrorHandler(answerError)
  guard(server, options.ownNames)
  for (const shape of namedShapes) server.addSchema(shape)
  await describe(server, options)

  streetRoute(server, options)
  meterRoutes(server, options)
  loadProfileRoute(server, options)
  eventRoutes(server, options)
  readRoute(server, options)
  switchRoute(server, options)
  softwareRoute(server, options)
  feedRoute(server, options.hub)
  server.get(
    '/api/health',
    { schema: { summary: 'Whether it runs', response: answers(refTo('Health')) } },
    async () => ({ status: 'ok' as const, version: options.version }),
  )
  await serveConsole(server, options.consoleDir)
  return server
}

function guard(server: ApiServer, ownNames: ReadonlySet<string>): void {
  server.addHook('onRequest', async (request, reply: FastifyReply) => {
    reply.headers(securityHeaders)
    const { headers } = request
    if (!isOwnName(headers.host, ownNames)) {
      throw new HeadendError('HEADEND_HOST_REFUSED', 'this head-end is not known under that name')
    }
    if (!request.url.startsWith('/api/')) return
    reply.header('cache-control', 'no-store')
    if (isCrossOrigin(headers)) {
      throw new HeadendError('HEADEND_ORIGIN_REFUSED', 'pages of other origins may not use this head-end')
    }
  })
}

async function describe(server: ApiServer, { version }: ApiServerOptions): Promise<void> {
  await server.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gridcard head-end',
        version,
        description: 'Times are ISO 8601 in UTC and simulated; energies are whole Wh; powers are whole W.',
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json['$id'] ?? `shape-${i}`) },
  })
  server.get('/api/openapi.json', { schema: { hide: true } }, () => server.swagger())
}
