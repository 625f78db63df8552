import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { type HeldFile, heldFiles } from '../../app/queries-compliance.ts'
import { Form, Listed, Table, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** Files that wait for a decision because of personal data in them, without their names. */
export default function Held() {
  const { t } = useLingui()
  const work = useWork()
  const list = useInfiniteQuery(heldFiles(work))
  const [asked, ask] = useState<null | { file: HeldFile; release: boolean }>(null)
  const { again } = useChange()
  const found: Record<HeldFile['state'], string> = { found: t`Personal data`, uninspectable: t`Something could not be read`, pending: t`Not read yet`, none: t`Nothing` }
  return (
    <>
      <Title>{t`Files that wait`}</Title>
      <p><Trans>These files look as if personal data were in them, or could not be read. They are published when somebody decides so. After 30 days they are deleted.</Trans></p>
      <Listed of={list} empty={t`No file waits for a decision.`}>{rows => (
        <Table label={t`Files that wait`} rows={rows} id={f => f.version_id} columns={[
          { head: t`File`, cell: f => <code className="small">{f.file_id}</code> },
          { head: t`What was found`, cell: f => <>{found[f.state]}{f.categories.length > 0 && <ul>{f.categories.map(c => <li key={c}><code>{c}</code></li>)}</ul>}</> },
          { head: t`Waits since`, cell: f => exactly(f.held_at) },
          { head: t`Actions`, cell: f => (
            <span className="actions">
              <button type="button" className="button" aria-label={t`Publish the file ${f.file_id}`} onClick={() => ask({ file: f, release: true })}><Trans>Publish …</Trans></button>
              <button type="button" className="button" aria-label={t`Delete the file ${f.file_id}`} onClick={() => ask({ file: f, release: false })}><Trans>Delete …</Trans></button>
            </span>) },
        ]} />
      )}</Listed>
      {asked?.release && (
        <Form title={t`Publish the file`} verb={t`Publish`} close={() => ask(null)} run={async () => { await work.api.POST('/api/v1/storage/files/{id}/release', { params: { path: { id: asked.file.file_id } } }); void again('held') }}>
          <p><Trans>Those who see its space can read it then.</Trans></p>
        </Form>
      )}
      {asked && !asked.release && (
        <Form title={t`Delete the file`} verb={t`Delete`} danger close={() => ask(null)} run={async () => { await work.api.POST('/api/v1/storage/files/{id}/reject', { params: { path: { id: asked.file.file_id } } }); void again('held') }}>
          <p><Trans>What was sent is deleted at once. It does not go to the bin.</Trans></p>
        </Form>
      )}
    </>
  )
}
