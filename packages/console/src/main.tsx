import './theme/tokens.css'
import './theme/base.css'
import './theme/controls.css'
import './shell/shell.css'
import './feed/feed.css'
import './street/street.css'
import './meter/meter.css'
import 'uplot/dist/uPlot.min.css'
import './load-profile/load-profile.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './api/queries.ts'
import { createConsoleRouter } from './router.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <RouterProvider router={createConsoleRouter()} />
    </QueryClientProvider>
  </StrictMode>,
)
