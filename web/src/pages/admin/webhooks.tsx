import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Webhook, webhooks } from '../../app/queries-admin.ts'
import { Form, Listed, Secret, State, Table, once, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** The addresses to which events are sent. */
export default function Webhooks() {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(webhooks(work))
  const [making, setMaking] = useState(false)
  const [made, setMade] = useState<Webhook | null>(null)
  const { again } = useChange()
  const run = async (d: FormData) => {
    const types = String(d.get('types')).split(/[\s,]+/).filter(Boolean)
    const answer = await work.api.POST('/api/v1/organizations/{id}/webhooks', {
      params: { path: { id: work.place.organization_id }, header: once() },
      body: { url: String(d.get('url')).trim(), description: String(d.get('about')).trim(), kind: d.get('kind') as 'hmac', ...(types.length > 0 ? { types } : {}) },
    })
    setMade(answer.data!)
    void again('webhooks')
  }
  return (
    <>
      <Title actions={may(work.place, 'manage_webhooks') && <button type="button" className="button main" onClick={() => setMaking(true)}><Trans>Add a webhook …</Trans></button>}>{t`Webhooks`}</Title>
      <p><Trans>Events of the organization are sent to these addresses, signed by the Standard Webhooks specification.</Trans></p>
      <Listed of={list} empty={t`There is no webhook yet.`}>{rows => (
        <Table label={t`Webhooks`} rows={rows} id={w => w.id} columns={[
          { head: t`Address`, cell: w => <Link to="/o/$org/manage/webhooks/$webhook" params={{ org: work.place.organization_id, webhook: w.id }}><bdi>{w.url}</bdi></Link> },
          { head: t`Description`, cell: w => <bdi>{w.description || '–'}</bdi> },
          { head: t`Events`, cell: w => (w.types.length === 0 ? t`all` : w.types.join(', ')) },
          { head: t`State`, cell: w => <><State state={w.state} word={w.state === 'active' ? t`Active` : t`Switched off`} />{w.failing_since && <span className="small bad"> <Trans>fails since {exactly(w.failing_since)}</Trans></span>}</> },
        ]} />
      )}</Listed>
      {making && (
        <Form title={t`Add a webhook`} verb={t`Add`} run={run} close={() => setMaking(false)}>
          <label className="field"><Trans>Address (https)</Trans><input name="url" type="url" required maxLength={2000} autoFocus /></label>
          <label className="field"><Trans>Description</Trans><input name="about" maxLength={200} dir="auto" /></label>
          <label className="field"><Trans>Events, such as file.published or file.*; empty: all</Trans><input name="types" /></label>
          <label className="field"><Trans>Signature</Trans><select name="kind"><option value="hmac">HMAC (whsec_)</option><option value="ed25519">Ed25519 (whpk_)</option></select></label>
        </Form>
      )}
      {made?.secret && <Secret title={t`What verifies the signatures`} secret={made.secret} close={() => setMade(null)} />}
    </>
  )
}
