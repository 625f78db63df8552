import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { calendarDay, exactly } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { guardians } from '../../app/queries-admin.ts'
import { type DirectoryCategory, type DirectoryPolicy, directoryPolicy, optOutOf, optedOut } from '../../app/queries-compliance.ts'
import { phaseOf, todayUTC } from '../../parts/directory.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Check, Form, Listed, State, Table, Unmet, useChange } from '../../parts/manage.tsx'
import { useOpener } from '../../parts/opener.ts'
import { ChoosePerson, Named } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

type Asked = null | 'policy' | 'student' | { say: string; out: boolean }

/** The kinds of directory information in words. */
export function useCategories(): Record<DirectoryCategory, string> {
  const { t } = useLingui()
  return {
    name: t`Name`, address: t`Address`, telephone: t`Telephone number`, email: t`Mail address`, photograph: t`Photograph`, birth_date: t`Date of birth`, birth_place: t`Place of birth`,
    field_of_study: t`Field of study`, grade_level: t`Grade level`, enrollment_status: t`Whether they are enrolled`, attendance_dates: t`From when until when they attend`,
    activities: t`Activities and sports`, weight_height: t`Weight and height of members of teams`, degrees_awards: t`Degrees, honors and awards`, last_school: t`The school that they went to before`,
  }
}

/** What the school designated as directory information, until when it may be refused, and who refused it. */
export default function Directory() {
  const { t } = useLingui()
  const work = useWork()
  const { data: policy, error, refetch } = useQuery(directoryPolicy(work))
  const list = useInfiniteQuery(optedOut(work))
  const [asked, ask] = useState<Asked>(null)
  const opener = useOpener(asked !== null && typeof asked === 'object' && asked.out)
  const manages = may(work.place, 'manage_directory')
  const records = manages && may(work.place, 'opt_out')
  return (
    <>
      <Title actions={<>
        {manages && policy !== undefined && <button type="button" className="button main" onClick={() => ask('policy')}>{policy ? <Trans>Change …</Trans> : <Trans>Say what it is …</Trans>}</button>}
        {records && <button ref={opener} type="button" className="button" onClick={() => ask('student')}><Trans>Record who refuses …</Trans></button>}
      </>}>{t`Directory information`}</Title>
      <p><Trans>What the school may tell of its students without a consent, after it said so in public and gave parents time to refuse. It hides nothing inside of the school: names and mail addresses in a class stay as they are.</Trans></p>
      {error ? <Failure error={error} again={() => void refetch()} /> : policy === undefined && <Waiting />}
      {policy === null && <p className="empty"><Trans>The school has not said what its directory information is. Nothing leaves as such.</Trans></p>}
      {policy && <Policy of={policy} />}
      <h2><Trans>Who refused it</Trans></h2>
      <Listed of={list} empty={t`It was refused for no student.`}>{rows => (
        <Table label={t`Who refused it`} rows={rows} id={o => o.student_id} columns={[
          { head: t`Student`, cell: o => <Named id={o.student_id} /> },
          { head: t`Since`, cell: o => exactly(o.at) },
          { head: t`Actions`, cell: o => records && <button type="button" className="button" onClick={() => ask({ say: o.student_id, out: false })}><Trans>Take back …</Trans></button> },
        ]} />
      )}</Listed>
      <p className="small quiet"><Trans>A refusal has no end: it stays when the student or the parent leaves the school.</Trans></p>
      {asked === 'policy' && <SetPolicy of={policy ?? null} close={() => ask(null)} />}
      {asked === 'student' && (
        <Form title={t`Record who refuses`} verb={t`Go on`} close={() => ask(now => (now === 'student' ? null : now))} run={async d => {
          const say = String(d.get('student') ?? '')
          if (!say) throw new Unmet(t`Choose a person.`)
          ask({ say, out: true })
        }}><ChoosePerson name="student" kind="student" gone /></Form>
      )}
      {asked && typeof asked === 'object' && <Say student={asked.say} out={asked.out} close={() => ask(null)} />}
    </>
  )
}

/** What is in force: the same for officers and for parents. */
export function Policy({ of: p }: { of: DirectoryPolicy }) {
  const { t } = useLingui()
  const words = useCategories()
  const phase = phaseOf(p, todayUTC())
  const phases = { announced: t`The notice is to come: nothing leaves yet`, waiting: t`It may be refused: nothing leaves yet`, open: t`In force, but for students of whom it was refused` }
  return (
    <dl className="facts">
      <div><dt>{t`State`}</dt><dd><State state={phase === 'open' ? 'active' : 'waiting'} word={phases[phase]} /></dd></div>
      <div><dt>{t`What it is`}</dt><dd>{p.categories.length > 0 ? <ul>{p.categories.map(c => <li key={c}>{words[c]}</li>)}</ul> : t`Nothing`}</dd></div>
      <div><dt>{t`Public notice`}</dt><dd>{calendarDay(p.notice_at)}</dd></div>
      <div><dt>{t`Last day to refuse`}</dt><dd>{calendarDay(p.opt_out_until)}</dd></div>
    </dl>
  )
}

function SetPolicy({ of: p, close }: { of: DirectoryPolicy | null; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const words = useCategories()
  const run = async (d: FormData) => {
    const [notice_at, opt_out_until] = [String(d.get('notice')), String(d.get('until'))]
    if (opt_out_until <= notice_at) throw new Unmet(t`The last day to refuse is after the notice: parents need time.`)
    await api.PUT('/api/v1/organizations/{id}/directory-policy', { params: { path: { id: place.organization_id } }, body: { categories: d.getAll('category') as DirectoryCategory[], notice_at, opt_out_until } })
    void again('directory', 'compliance')
  }
  return (
    <Form title={t`Directory information`} verb={t`Save`} run={run} close={close}>
      <p><Trans>The notice itself is yours to give. Here is kept which day it was. What you change counts at once, for shares that are there too.</Trans></p>
      <fieldset className="checks"><legend><Trans>What is directory information</Trans></legend>
        {(Object.keys(words) as DirectoryCategory[]).map(c => <Check key={c} name="category" value={c} on={p?.categories.includes(c)}>{words[c]}</Check>)}
      </fieldset>
      <label className="field"><Trans>Day of the public notice</Trans><input name="notice" type="date" required defaultValue={p?.notice_at} /></label>
      <label className="field"><Trans>Last day to refuse</Trans><input name="until" type="date" required defaultValue={p?.opt_out_until} /></label>
    </Form>
  )
}

/** Records what came on paper, or takes it back: for whose word it is. */
function Say({ student, out, close }: { student: string; out: boolean; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { again } = useChange()
  const { data: known, error, refetch } = useQuery(optOutOf(work, student))
  const links = useInfiniteQuery(guardians(work, { student_id: student }))
  const [holder, setHolder] = useState('')
  const said = known?.words.filter(w => w.opted_out).map(w => w.holder_id) ?? []
  const whose = out ? [...new Set([student, ...(links.data?.pages.flatMap(p => p.items).map(g => g.parent_id) ?? [])])] : said
  const chosen = whose.includes(holder) ? holder : whose[0] ?? ''
  const run = async () => {
    if (!chosen) throw new Unmet(t`Choose a person.`)
    await work.api.PUT('/api/v1/organizations/{id}/directory-opt-outs/{student}', { params: { path: { id: work.place.organization_id, student } }, body: { opted_out: out, holder_id: chosen } })
    void again('directory', 'compliance')
  }
  return (
    <Form title={out ? t`Record who refuses` : t`Take back`} verb={out ? t`Record` : t`Take back`} danger={!out} run={run} close={close}>
      {error ? <Failure error={error} again={() => void refetch()} /> : !known && <Waiting />}
      <p><Named id={student} /></p>
      <p>{out ? <Trans>From now on nothing about this student leaves as directory information, also by shares that are there.</Trans> : <Trans>Take it back only where the one who refused says so. Of several who refused the others still count.</Trans>}</p>
      {known && <fieldset className="checks"><legend><Trans>Whose word it is</Trans></legend>
        {whose.map(id => <label key={id} className="check"><input type="radio" name="holder" value={id} checked={id === chosen} onChange={() => setHolder(id)} /><span>{id === student ? t`The student, or somebody who is no member` : <Named id={id} />}</span></label>)}
      </fieldset>}
      {out && links.hasNextPage && <p><button type="button" className="button" onClick={() => void links.fetchNextPage()}><Trans>Look at more links</Trans></button></p>}
    </Form>
  )
}
