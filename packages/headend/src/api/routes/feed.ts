import Type from 'typebox'
import { HeadendError } from '../../errors.ts'
import { refTo } from '../components.ts'
import type { FeedHub } from '../feed-hub.ts'
import type { ApiServer } from './api-parts.ts'

export function feedRoute(server: ApiServer, hub: FeedHub): void {
  server.get(
    '/api/feed',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'What happens, as server-sent events: `event` with a StreetEvent, `meter` with a MeterSummary',
        description: 'With Last-Event-ID the events since then come first.',
        response: {
          200: { description: 'Does not end', content: { 'text/event-stream': { schema: Type.String() } } },
          503: refTo('Problem'),
        },
      },
    },
    async (request, reply) => {
      if (hub.isFull) throw new HeadendError('HEADEND_FEED_FULL', 'too many pages are listening already')
      const lastId = Number(request.headers['last-event-id'] ?? Number.NaN)
      reply.hijack()
      const { raw } = reply
      raw.writeHead(200, {
        ...reply.getHeaders(),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      } as Record<string, string>)
      try {
        await hub.add(raw, Number.isSafeInteger(lastId) && lastId >= 0 ? lastId : undefined)
      } catch (error) {
        request.log.error({ err: error }, 'feed failed')
        raw.destroy()
      }
    },
  )
}
