import { Trans } from '@lingui/react/macro'
import { useEffect, useState } from 'react'

import type { Session, State } from '../app/session.ts'

/** What is seen before somebody is signed in. */
export function Front({ session, state }: { session: Session; state: State }) {
  const { authorize, home } = session.settings
  const here = home === '' || new URL(home).origin === location.origin
  useEffect(() => { document.title = 'Satchel' }, [])
  if (state === 'starting') return <Waiting />
  return (
    <main className="front">
      <Mark />
      <h1>Satchel</h1>
      <p><Trans>Files of your school, checked before anyone can read them.</Trans></p>
      {state === 'down' && <p role="alert"><Trans>The sign-in of your school does not answer. Wait a minute, then reload this page.</Trans></p>}
      {state === 'handed' && <p role="status"><Trans>You are signed in. You can close this window.</Trans></p>}
      {state === 'out' && !authorize && <p><Trans>No sign-in is set up for this console. Its operator sets SATCHEL_OIDC_CONSOLE_CLIENT_ID.</Trans></p>}
      {state === 'out' && authorize && !here && <p><a className="button main" href={home}><Trans>Open the console</Trans></a></p>}
      {state === 'out' && authorize && here && (
        <p><button type="button" className="button main" onClick={() => void session.signIn(location.pathname + location.search)}><Trans>Sign in</Trans></button></p>
      )}
    </main>
  )
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect x="4" y="9" width="24" height="19" rx="4" fill="currentColor" /><path d="M11 9V7a5 5 0 0 1 10 0v2" fill="none" stroke="currentColor" strokeWidth="3" />
      <rect x="9" y="17" width="14" height="7" rx="2" className="mark-pocket" />
    </svg>
  )
}

/** A wait that says so when it takes long, and offers a way on. */
export function Waiting() {
  const [long, setLong] = useState(false)
  useEffect(() => { const t = setTimeout(() => setLong(true), 8000); return () => clearTimeout(t) }, [])
  return (
    <div className="front" aria-busy="true">
      <p role="status"><Trans>Loading …</Trans></p>
      {long && <p><Trans>This takes longer than it should. Check the network, or reload the page.</Trans></p>}
      {long && <p><button type="button" className="button" onClick={() => location.reload()}><Trans>Reload</Trans></button></p>}
    </div>
  )
}
