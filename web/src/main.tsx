import './app/style.css'

import { i18n } from '@lingui/core'
import { I18nProvider } from '@lingui/react'
import { Suspense, lazy, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'

import { match, speak } from './app/locale.ts'
import { Session } from './app/session.ts'
import { readSettings } from './app/settings.ts'
import { Front, Waiting } from './parts/front.tsx'

const frame = () => import('./app/frame.tsx')
const Frame = lazy(frame)

function Console({ session }: { session: Session }) {
  const state = useSyncExternalStore(session.subscribe, session.current)
  if (state === 'in' || state === 'expired') return <Suspense fallback={<Waiting />}><Frame session={session} /></Suspense>
  return <Front session={session} state={state} />
}

// A tab of an older version asks for assets that are not there any more: the person decides when it is loaded again.
addEventListener('vite:preloadError', e => { e.preventDefault(); dispatchEvent(new Event('satchel:old')) })

async function start() {
  const session = new Session(readSettings())
  if (session.expected()) void frame().catch(() => undefined) // it comes beside the token; a failure is told when it is shown
  const [path] = await Promise.all([session.start(), speak(match(navigator.languages))])
  if (path?.startsWith('/console/')) history.replaceState(null, '', path)
  createRoot(document.getElementById('root')!).render(<I18nProvider i18n={i18n}><Console session={session} /></I18nProvider>)
}

void start()
