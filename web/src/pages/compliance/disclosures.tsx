import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Disclosure, type RecordKind, disclosures } from '../../app/queries-compliance.ts'
import { Form, Listed, State, Table, useChange, useSave } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** To whom records of students were given: of all for who oversees, of their own for students and parents. */
export default function Disclosures() {
  const { t } = useLingui()
  const work = useWork()
  const [outcome, narrow] = useState<Disclosure['outcome'] | ''>('')
  const list = useInfiniteQuery(disclosures(work, outcome))
  const [asked, ask] = useState(false)
  const save = useSave()
  const outcomes: Record<Disclosure['outcome'], string> = { opened: t`Shared`, disclosed: t`Opened`, refused: t`Refused` }
  return (
    <>
      <Title actions={<>
        {may(work.place, 'classify_records') && <button type="button" className="button main" onClick={() => ask(true)}><Trans>Say what a file is …</Trans></button>}
        <button type="button" className="button" onClick={() => void save(`/api/v1/organizations/${work.place.organization_id}/disclosures/export`, 'disclosures.csv')}><Trans>Save as a table</Trans></button>
      </>}>{t`Who was given records`}</Title>
      <p><Trans>To whom outside the school records of students were given, and what was refused.</Trans></p>
      <label className="field"><Trans>What became of it</Trans><select value={outcome} onChange={e => narrow(e.target.value as Disclosure['outcome'])}>
        <option value="">{t`Everything`}</option><option value="opened">{outcomes.opened}</option><option value="disclosed">{outcomes.disclosed}</option><option value="refused">{outcomes.refused}</option>
      </select></label>
      <Listed of={list} empty={t`No record was given to people outside.`}>{rows => (
        <Table label={t`Who was given records`} rows={rows} id={d => d.id} columns={[
          { head: t`When`, cell: d => exactly(d.at) },
          { head: t`File`, cell: d => d.file_name ? <bdi>{d.file_name}</bdi> : <code className="small">{d.file_id}</code> },
          { head: t`To whom`, cell: d => d.party ? <bdi>{d.party}</bdi> : t`Anyone who has the link` },
          { head: t`What became of it`, cell: d => <State state={d.outcome === 'refused' ? 'revoked' : d.outcome === 'opened' ? 'waiting' : 'active'} word={outcomes[d.outcome]} /> },
          { head: t`Why`, cell: d => <>{d.interest && <bdi>{d.interest}</bdi>} {(d.basis || d.rule) && <code className="small">{d.basis || d.rule}</code>}</> },
        ]} />
      )}</Listed>
      {asked && <Classify close={() => ask(false)} />}
    </>
  )
}

function Classify({ close }: { close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const kinds: Record<RecordKind, string> = {
    education_record: t`Education record`, directory_info: t`Directory information`, sole_possession_note: t`Note of one person alone`,
    treatment: t`Record of a treatment`, law_enforcement_unit: t`Record of a law enforcement unit`, not_record: t`No record of a student`,
  }
  const run = async (d: FormData) => {
    const text = (name: string) => String(d.get(name) ?? '').trim()
    const students = text('students').split(/\s+/).filter(Boolean)
    await api.PUT('/api/v1/organizations/{id}/records/{file}', {
      params: { path: { id: place.organization_id, file: text('file') } },
      body: { class: d.get('class') as RecordKind, reason: text('reason'), ...(students.length > 0 ? { students } : {}) },
    })
    void again('disclosures')
  }
  return (
    <Form title={t`Say what a file is`} verb={t`Save`} run={run} close={close}>
      <label className="field"><Trans>Its id, as its page and address show it</Trans><input name="file" required pattern="[0-9a-fA-F\-]{36}" autoComplete="off" autoFocus /></label>
      <label className="field"><Trans>What it is</Trans><select name="class">{(Object.keys(kinds) as RecordKind[]).map(k => <option key={k} value={k}>{kinds[k]}</option>)}</select></label>
      <label className="field"><Trans>Ids of other students whom it is about, one a line</Trans><textarea name="students" rows={2} spellCheck={false} /></label>
      <label className="field"><Trans>Reason</Trans><textarea name="reason" required maxLength={1000} dir="auto" rows={3} /></label>
      <p><Trans>Shares with people outside that this does not permit end at once.</Trans></p>
    </Form>
  )
}
