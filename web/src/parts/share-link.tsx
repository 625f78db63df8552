import { Trans, useLingui } from '@lingui/react/macro'
import { useEffect, useRef, useState } from 'react'

import { exactly } from '../app/format.ts'

/** Puts a text into the clipboard. The text may come later than the press that asked for it, which Safari takes only so. */
export async function copy(text: string | Promise<string>): Promise<void> {
  if (typeof text === 'string') { await navigator.clipboard.writeText(text); return }
  await navigator.clipboard.write([new ClipboardItem({ 'text/plain': text.then(s => new Blob([s], { type: 'text/plain' })) })])
}

/** A link that was made just now: the API shows it this one time. */
export function LinkMade({ url, ends }: { url: string; ends?: string | undefined }) {
  const { t } = useLingui()
  const [said, setSaid] = useState('')
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => { field.current?.select() }, [url])
  const take = async () => {
    try { await copy(url); setSaid(t`Copied.`) } catch { field.current?.select(); setSaid(t`The browser did not copy it. Press Ctrl+C.`) }
  }
  return (
    <section className="link-made" aria-label={t`The link`}>
      <p><strong><Trans>The link is made.</Trans></strong> <Trans>It is shown only now: copy it before you close this.</Trans> {ends && <Trans>It works until {exactly(ends)}.</Trans>}</p>
      <div className="copy-row"><input ref={field} readOnly value={url} dir="ltr" aria-label={t`Link`} onFocus={e => e.target.select()} /><button type="button" className="button main" onClick={() => void take()}><Trans>Copy link</Trans></button></div>
      <p role="status" className="small">{said}</p>
    </section>
  )
}
