import { Trans, useLingui } from '@lingui/react/macro'

import { duration } from '../app/format.ts'
import { Ask } from './dialogs.tsx'

/** Says that the sign-in ends soon. Any key and any press take it back. The time is spoken once and then seen. */
export default function Warning({ left, stay, out }: { left: number; stay: () => void; out: () => void }) {
  const { t } = useLingui()
  const time = duration(left)
  return (
    <Ask title={t`Are you still there?`} close={stay}>
      <p><Trans>You are signed out in <strong>{time}</strong>, so that no one else sees your files. Press any key to stay.</Trans></p>
      <div className="dialog-actions"><button type="button" className="button" onClick={out}><Trans>Sign out</Trans></button><button type="button" className="button main" autoFocus onClick={stay}><Trans>Stay signed in</Trans></button></div>
    </Ask>
  )
}
