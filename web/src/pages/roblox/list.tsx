import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type RobloxConnection, robloxConnections } from '../../app/queries-roblox.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Form, Secret, State, Table, once, useChange } from '../../parts/manage.tsx'
import { useRobloxWords } from '../../parts/roblox-words.tsx'
import { Title } from '../../parts/shell.tsx'
import { Fields, KeyField, fieldsOf } from './fields.tsx'

/** The experiences of Roblox to which files of the organization go. */
export default function RobloxConnections() {
  const { t } = useLingui()
  const work = useWork()
  const words = useRobloxWords()
  const found = useQuery(robloxConnections(work))
  const [connecting, connect] = useState(false)
  const [made, setMade] = useState<RobloxConnection | null>(null)
  const { again } = useChange()
  const run = async (d: FormData) => {
    const answer = await work.api.POST('/api/v1/roblox/connections', {
      params: { header: once() },
      body: { ...fieldsOf(d), universe_id: Number(d.get('universe')), creator: { type: d.get('owner') as 'group', id: Number(d.get('owner-id')) }, api_key: String(d.get('key')).trim() },
    })
    setMade(answer.data!)
    void again('roblox')
  }
  const all = found.data?.items ?? []
  return (
    <>
      <Title actions={may(work.place, 'manage_roblox') && <button type="button" className="button main" onClick={() => connect(true)}><Trans>Connect an experience …</Trans></button>}>{t`Roblox`}</Title>
      <p><Trans>Pictures, sounds and models of the spaces that you choose become assets of an experience of Roblox, and quizzes and other documents that were made from texts become its lessons. At Roblox anyone can see assets, so only files go there that say nothing about a person; no asset has a file’s name.</Trans></p>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {found.data && all.length === 0 && <p className="empty"><Trans>No experience is connected. In Roblox’s Creator Dashboard make an API key of Open Cloud for the experience, then connect it here.</Trans></p>}
      {all.length > 0 && (
        <Table label={t`Connections`} rows={all} id={c => c.id} columns={[
          { head: t`Name`, cell: c => <Link to="/o/$org/manage/roblox/$connection" params={{ org: work.place.organization_id, connection: c.id }}><bdi>{c.name}</bdi></Link> },
          { head: t`Experience`, cell: c => String(c.universe_id) },
          { head: t`State`, cell: c => <><State state={c.state} word={words.connection(c)} />{c.code && <span className="small quiet why-short">{words.code(c.code) || c.code}</span>}</> },
          { head: t`Last sync`, cell: c => (c.synced_at ? exactly(c.synced_at) : '–') },
        ]} />
      )}
      {connecting && (
        <Form title={t`Connect an experience`} verb={t`Connect`} run={run} close={() => connect(false)}>
          <Fields />
          <label className="field"><Trans>Number of the experience (universe)</Trans><input name="universe" type="number" min={1} required /></label>
          <label className="field"><Trans>The assets belong to</Trans><select name="owner"><option value="group">{t`a group`}</option><option value="user">{t`an account`}</option></select></label>
          <label className="field"><Trans>Number of the group or account</Trans><input name="owner-id" type="number" min={1} required /></label>
          <KeyField />
          <p className="small quiet"><Trans>Roblox is asked first what the key may do. A key that lacks a permission connects nothing, and you are told which one.</Trans></p>
        </Form>
      )}
      {made?.secret && (
        <Secret title={t`For erasures`} secret={made.secret} close={() => setMade(null)}>
          <p><Trans>Enter this secret and this address as a webhook in Roblox’s Creator Dashboard, for “Right to erasure request”:</Trans></p>
          <pre className="code" tabIndex={0}>{made.webhook_url}</pre>
        </Secret>
      )}
    </>
  )
}
