import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HeadendError } from '../errors.ts'
import { answerError } from './problems.ts'
import type { ApiServer } from './routes/api-parts.ts'

/** Files in this folder have a hash of their content in their name. */
const HASHED = `assets${sep}`

/** Serves the built console; an address that is a page of it, and no file, gets the page. */
export async function serveConsole(server: ApiServer, directory: string | undefined): Promise<void> {
  const isThere = directory !== undefined && existsSync(join(directory, 'index.html'))
  if (isThere) {
    await server.register(fastifyStatic, {
      root: directory,
      cacheControl: false,
      dotfiles: 'ignore',
      redirect: false,
      schemaHide: true,
      setHeaders: (reply, path) => {
        const forever = relative(directory, path).startsWith(HASHED)
        reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
  }
  server.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    if (isThere && isPage(request)) return reply.code(200).sendFile('index.html')
    const message = isThere || request.url !== '/' ? 'there is nothing here' : 'there is no console here, only /api'
    return answerError(new HeadendError('HEADEND_NOT_FOUND', message), request, reply)
  })
}

function isPage({ method, url, headers }: FastifyRequest): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || url.startsWith('/api/') || url === '/api') return false
  return headers.accept?.includes('text/html') === true
}
