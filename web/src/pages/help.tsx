import { Trans, useLingui } from '@lingui/react/macro'

import { useWork } from '../app/context.tsx'
import { Title } from '../parts/shell.tsx'

export default function Help() {
  const { t } = useLingui()
  const { place } = useWork()
  const keys: [string, string][] = [
    ['↑ ↓ Page Up Page Down Home End', t`move in a list`], ['Space', t`select or deselect`], ['Shift + ↑ ↓', t`select a range`], ['Ctrl + A', t`select all`], ['Enter', t`open`],
    ['F2', t`rename`], ['Delete', t`put into the bin`], ['Shift + F10', t`open the menu`], ['Esc', t`end the selection, close a dialog`], ['A … Z', t`go to the next name that begins so`],
  ]
  return (
    <>
      <Title>{t`Help`}</Title>
      <h2><Trans>Sending files</Trans></h2>
      <p><Trans>Drop files or folders anywhere on a page, paste them, or choose them. They go to the place that the page shows. You can go to another page while they are being sent. Keep this window open until all are done.</Trans></p>
      <p><Trans>Each file is sent, then checked for viruses, and can be opened after that. The list below the page says what became of each.</Trans></p>
      {place.role !== 'student' && <><h2><Trans>Keyboard</Trans></h2>
        <dl className="facts keys">{keys.map(([k, what]) => <div key={k}><dt><kbd>{k}</kbd></dt><dd>{what}</dd></div>)}</dl></>}
      <h2><Trans>If something goes wrong</Trans></h2>
      <p><Trans>What you delete is in the bin and can be put back. If a message asks for support, give its reference to your school.</Trans></p>
    </>
  )
}
