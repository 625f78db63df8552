import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly, stamp } from '../../app/format.ts'
import { purges } from '../../app/queries-jobs.ts'
import { OrganizationLink, number } from '../../parts/jobs.tsx'
import { Choice, Form, Listed, Table, useAddress, useChange } from '../../parts/manage.tsx'
import { brief } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'
import { toast } from '../../parts/toasts.tsx'
import { Desk } from './desk.tsx'

/** What the cache in front of the content host was not told, and a way to have it told again. */
export default function Purges() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const state = at.state === 'waiting' ? 'waiting' : 'given_up'
  const found = useInfiniteQuery(purges(work, state))
  const [asked, ask] = useState<{ id: string; keys: number } | null>(null)
  const states = [['given_up', t`given up`], ['waiting', t`Waits`]] as const
  return (
    <>
      <Title>{t`Caches`}</Title>
      <Desk />
      <p><Trans>When something is deleted or locked away, the cache in front of the content host is told to drop it. Nothing that may not be seen is served without that: each answer is checked first. What could not be told for long is given up and listed for 30 days.</Trans></p>
      <div className="bar"><Choice label={t`State`} value={state} options={states} choose={s => go({ state: s === 'waiting' ? s : undefined })} /></div>
      <Listed of={found} empty={state === 'waiting' ? t`Nothing waits.` : t`Nothing was given up in the last 30 days.`}>{rows => (
        <Table label={t`Caches`} rows={rows} id={p => p.organization_id} columns={[
          { head: t`Organization`, cell: p => <OrganizationLink id={p.organization_id} /> },
          { head: t`Keys that it was not told`, cell: p => number(p.keys), numbers: true },
          { head: t`Since`, cell: p => <time className="stamp" dateTime={p.oldest_at} title={exactly(p.oldest_at)}>{stamp(p.oldest_at)}</time> },
          { head: t`Last`, cell: p => <time className="stamp" dateTime={p.latest_at} title={exactly(p.latest_at)}>{stamp(p.latest_at)}</time> },
          { head: t`Actions`, cell: p => (p.state === 'given_up' ? <span className="actions"><button type="button" className="button" aria-label={t`Tell the cache again: ${brief(p.organization_id)}`} onClick={() => ask({ id: p.organization_id, keys: p.keys })}><Trans>Tell it again …</Trans></button></span> : '–') },
        ]} />
      )}</Listed>
      {asked && <Again of={asked} close={() => ask(null)} />}
    </>
  )
}

function Again({ of: { id, keys }, close }: { of: { id: string; keys: number }; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  return (
    <Form title={t`Tell the cache again`} verb={t`Tell it again`} close={close} run={async () => {
      const told = (await api.POST('/api/v1/admin/purges/replay', { body: { organization_id: id } })).data!
      toast(plural(told.keys, { one: '# key waits to be told again.', other: '# keys wait to be told again.' }))
      void again('jobs')
    }}><p><Trans>The cache is told once more about {number(keys)} keys of the organization <code>{brief(id)}</code>. Do this once the cache answers again.</Trans></p></Form>
  )
}
