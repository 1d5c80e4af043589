import { createRootRoute, createRoute, createRouter, type RouterHistory } from '@tanstack/react-router'
import { MeterPage } from './meter/meter-page.tsx'
import { ErrorPage, NotFoundPage } from './shell/fallback-pages.tsx'
import { Shell } from './shell/shell.tsx'
import { parseStreetSearch } from './street/meter-list.ts'
import { StreetPage } from './street/street-page.tsx'

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage })

const streetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: parseStreetSearch,
  component: StreetPage,
})

const meterRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/meters/$serial',
  component: () => {
    const { serial } = meterRoute.useParams()
    // A new meter is a new page: no outcome or half-typed confirmation of the previous one may stay.
    return <MeterPage key={serial} serial={serial} />
  },
})

export function createConsoleRouter(history?: RouterHistory) {
  return createRouter({
    routeTree: rootRoute.addChildren([streetRoute, meterRoute]),
    defaultErrorComponent: ErrorPage,
    scrollRestoration: true,
    ...(history === undefined ? {} : { history }),
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
