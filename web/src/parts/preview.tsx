import { Trans, useLingui } from '@lingui/react/macro'
import { bytes } from '@satchel/client'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'

import { type File, useWork } from '../app/context.tsx'
import { size } from '../app/format.ts'
import { Failure } from './failure.tsx'
import { fragment } from './fragment.tsx'

const playable = 64 << 20 // a sound or film up to this size is read whole; larger ones are downloaded

/** What is in a file. Its bytes are read with the token and shown from memory: an address alone opens nothing. */
export function Preview({ file: f }: { file: File }) {
  const pages = f.renditions.filter(r => /^page-\d+\.jpg$/.test(r.name)).sort((a, b) => pageNumber(a.name) - pageNumber(b.name))
  const text = f.renditions.find(r => r.name === 'text.html')
  const picture = ['fit1600.webp', 'fit1600.jpg', 'fit800.webp', 'fit800.jpg', 'fit320.webp', 'fit320.jpg'].map(n => f.renditions.find(r => r.name === n)).find(Boolean)
  if (/^(audio|video)\//.test(f.mime_type)) return <Media file={f} />
  if (pages.length > 0) return <Pages file={f} names={pages.map(p => p.name)} />
  if (text) return <Text file={f} />
  if (picture) return <Picture file={f} name={picture.name} alt="" zoom />
  if (f.preview === 'pending') return <p className="quiet" role="status"><Trans>The preview is being made.</Trans></p>
  return <p className="quiet"><Trans>There is no preview of this kind of file. Download it to open it.</Trans></p>
}

const pageNumber = (name: string) => Number(/\d+/.exec(name)?.[0])

function useBytes(f: File, path: string) {
  const work = useWork()
  return useQuery({
    queryKey: [work.place.organization_id, 'bytes', f.id, f.published_version, path], staleTime: Infinity, gcTime: 60_000,
    queryFn: ({ signal }) => bytes(work.connection, `/api/v1/storage/files/${f.id}/${path}`, signal),
  })
}

/** The address of a blob for as long as it is shown. */
function useAddress(blob: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (!blob) return undefined
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return url
}

function Picture({ file, name, alt, zoom }: { file: File; name: string; alt: string; zoom?: boolean }) {
  const { t } = useLingui()
  const read = useBytes(file, `renditions/${name}`)
  const url = useAddress(read.data)
  const [large, setLarge] = useState(false)
  if (read.error) return <Failure error={read.error} again={() => void read.refetch()} />
  if (!url) return <p className="preview" role="status"><Trans>Loading …</Trans></p>
  return (
    <div className={large ? 'preview large' : 'preview'} tabIndex={large ? 0 : undefined}>
      <img src={url} alt={alt || t`Preview of ${file.name}`} />
      {zoom && <p><button type="button" className="button" aria-pressed={large} onClick={() => setLarge(!large)}>{large ? <Trans>Fit to the window</Trans> : <Trans>Show larger</Trans>}</button></p>}
    </div>
  )
}

function Pages({ file, names }: { file: File; names: string[] }) {
  const { t } = useLingui()
  const [n, setN] = useState(0)
  const all = file.pages ?? names.length
  return (
    <div>
      <Picture key={names[n]} file={file} name={names[n]!} alt={t`Page ${n + 1} of ${file.name}`} />
      <p className="actions">
        <button type="button" className="button" disabled={n === 0} onClick={() => setN(n - 1)}><Trans>Page before</Trans></button>
        <span aria-live="polite"><Trans>Page {n + 1} of {all}</Trans></span>
        <button type="button" className="button" disabled={n >= names.length - 1} onClick={() => setN(n + 1)}><Trans>Next page</Trans></button>
      </p>
      {all > names.length && n === names.length - 1 && <p className="quiet small"><Trans>Later pages are in the file itself.</Trans></p>}
    </div>
  )
}

/** A text as the server has marked it: headings and lists, a table, or source with its words in colors. */
function Text({ file }: { file: File }) {
  const { t } = useLingui()
  const read = useBytes(file, 'renditions/text.html')
  const [html, setHtml] = useState<string>()
  useEffect(() => { void read.data?.text().then(setHtml) }, [read.data])
  const shown = useMemo(() => fragment(html ?? ''), [html])
  if (read.error) return <Failure error={read.error} again={() => void read.refetch()} />
  return <div className="preview text" role="region" tabIndex={0} dir="auto" aria-label={t`Text of ${file.name}`}>{html === undefined ? t`Loading …` : shown}</div>
}

function Media({ file }: { file: File }) {
  const { t } = useLingui()
  const [wanted, setWanted] = useState(false)
  if (file.size > playable) return <p className="quiet"><Trans>It is too large to be played here. Download it.</Trans></p>
  if (!wanted) return <p><button type="button" className="button" onClick={() => setWanted(true)}>{t`Play (${size(file.size)})`}</button></p>
  return <Player file={file} />
}

function Player({ file }: { file: File }) {
  const { t } = useLingui()
  const read = useBytes(file, 'content')
  const url = useAddress(read.data)
  const [bad, setBad] = useState(false)
  if (read.error) return <Failure error={read.error} again={() => void read.refetch()} />
  if (bad) return <p className="quiet"><Trans>This browser cannot play it. Download it to open it.</Trans></p>
  if (!url) return <p role="status"><Trans>Loading …</Trans></p>
  return file.mime_type.startsWith('audio/')
    ? <audio className="preview" src={url} controls aria-label={t`Sound ${file.name}`} onError={() => setBad(true)} />
    : <video className="preview" src={url} controls aria-label={t`Film ${file.name}`} onError={() => setBad(true)} />
}
