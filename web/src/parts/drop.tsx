import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { type Gathered, type Target, fromInput, fromTransfer } from '@satchel/client/uploads'
import { type ReactNode, useEffect, useRef, useState } from 'react'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { toast } from './toasts.tsx'

/** Where the files go that come to the page that is shown; null: it takes none. */
let ofPage: { target: Target; name: string } | null = null
export const targetOfPage = () => ofPage

/** Says where files go that are dropped, pasted or chosen while this page is shown. */
export function usePageTarget(target: Target | null, name: string) {
  const key = JSON.stringify([target, name])
  useEffect(() => {
    ofPage = target ? { target, name } : null
    return () => { ofPage = null }
  }, [key]) // eslint-disable-line react-hooks/exhaustive-deps
}

/** Sends what was gathered, and says what of it is not sent. */
export function useSend(): (all: Gathered, target: Target) => void {
  const { uploader } = useWork()
  const { t } = useLingui()
  return (all, target) => {
    if (all.files.length > 0) void uploader.add(all.files, target)
    if (all.failed.length > 0) {
      const names = all.failed.slice(0, 3).join(', ')
      toast(t`${plural(all.failed.length, { one: '# file could not be read: ', other: '# files could not be read: ' })}${names}`, { bad: true })
    } else if (all.skipped > 0) toast(plural(all.skipped, { one: '# file of the system was left out.', other: '# files of the system were left out.' }))
    else if (all.files.length === 0) toast(t`There was no file in it.`)
  }
}

/** The whole page takes files that are dropped or pasted. */
export function DropArea({ children, target }: { children: ReactNode; target: () => { target: Target; name: string } | null }) {
  const { place } = useWork()
  const send = useSend()
  const [over, setOver] = useState<string | null>(null)
  const depth = useRef(0)
  const allowed = may(place, 'upload')

  useEffect(() => {
    const has = (e: DragEvent) => allowed && [...(e.dataTransfer?.types ?? [])].includes('Files')
    const enter = (e: DragEvent) => { if (has(e)) { depth.current++; setOver(target()?.name ?? '') } }
    const leave = () => { depth.current = Math.max(0, depth.current - 1); if (depth.current === 0) setOver(null) }
    const move = (e: DragEvent) => { if (has(e)) { e.preventDefault(); e.dataTransfer!.dropEffect = 'copy' } }
    const drop = (e: DragEvent) => {
      depth.current = 0
      setOver(null)
      if (!has(e)) return
      e.preventDefault()
      const to = target()?.target ?? {}
      void fromTransfer(e.dataTransfer!).then(all => send(all, to))
    }
    const paste = (e: ClipboardEvent) => {
      const typing = e.target instanceof Element && e.target.closest('input, textarea, [contenteditable]')
      if (!allowed || typing || !e.clipboardData?.files.length) return
      e.preventDefault()
      const to = target()?.target ?? {}
      void fromTransfer(e.clipboardData).then(all => send(all, to))
    }
    addEventListener('dragenter', enter); addEventListener('dragleave', leave); addEventListener('dragover', move); addEventListener('drop', drop); addEventListener('paste', paste)
    return () => {
      removeEventListener('dragenter', enter); removeEventListener('dragleave', leave); removeEventListener('dragover', move); removeEventListener('drop', drop)
      removeEventListener('paste', paste)
    }
  })
  return <>{children}{over !== null && <div className="drop-hint" aria-hidden="true"><p>{over ? <Trans>Drop to send to <bdi>{over}</bdi></Trans> : <Trans>Drop to send to My files</Trans>}</p></div>}</>
}

/** The twin of dropping: buttons that choose files or a folder. */
export function ChooseFiles({ target, main = true, folder = true, label }: { target: Target; main?: boolean; folder?: boolean; label?: string }) {
  const { t } = useLingui()
  const send = useSend()
  const files = useRef<HTMLInputElement>(null)
  const whole = useRef<HTMLInputElement>(null)
  const chosen = (input: HTMLInputElement) => {
    const all = fromInput(input.files ?? [])
    input.value = ''
    send(all, target)
  }
  return (
    <>
      <button type="button" className={main ? 'button main' : 'button'} onClick={() => files.current?.click()}>{label ?? t`Send files`}</button>
      <input ref={files} type="file" multiple hidden data-testid="files" onChange={e => chosen(e.currentTarget)} />
      {folder && <button type="button" className="button wide-only" onClick={() => whole.current?.click()}><Trans>Send a folder</Trans></button>}
      {folder && <input ref={whole} type="file" hidden data-testid="folder" {...{ webkitdirectory: '' }} onChange={e => chosen(e.currentTarget)} />}
    </>
  )
}
