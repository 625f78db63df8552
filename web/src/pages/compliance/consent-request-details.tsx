import { Trans, useLingui } from '@lingui/react/macro'
import type { Schemas } from '@satchel/client'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { languages } from '../../app/locale.ts'
import { type ConsentRequest, consentRequestById, notices } from '../../app/queries-compliance.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Form } from '../../parts/manage.tsx'
import { Named } from '../../parts/people.tsx'

type Evidence = NonNullable<Schemas['ConsentRequest']['evidence']>[number]

/** One request, with what is kept of each answer to it. */
export function ConsentRequestDetails({ of: row, word, close }: { of: ConsentRequest; word: string; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { data: r, error, refetch } = useQuery(consentRequestById(work, row.id))
  const published = useInfiniteQuery(notices(work))
  const version = (id: string | null) => published.data?.pages.flatMap(p => p.items).find(n => n.id === id)?.number ?? '–'
  const facts = (q: ConsentRequest): [string, React.ReactNode][] => [
    [t`State`, word], [t`Student`, <Named key="c" id={q.child_id} />], [t`Parent`, <Named key="g" id={q.guardian_id} />],
    [t`Asked for by`, q.requested_by ? <Named key="b" id={q.requested_by} /> : '–'], [t`Made`, exactly(q.created_at)], [t`Asked`, q.asked_at ? exactly(q.asked_at) : t`Not yet`],
    [t`Reminders`, q.reminders], [t`Answered`, q.answered_at ? exactly(q.answered_at) : t`Not yet`], [t`Version of the notice`, version(q.notice_id)],
    [t`Language of the mails`, <bdi key="l">{languages.find(l => l.code === q.language)?.name ?? q.language}</bdi>], [t`Address`, q.has_address ? t`Kept encrypted` : t`Deleted`],
  ]
  return (
    <Form title={t`Request for consent`} verb={t`Close`} run={async () => {}} close={close}>
      {error ? <Failure error={error} again={() => void refetch()} /> : !r && <Waiting />}
      {r && <>
        <dl className="facts">{facts(r).map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl>
        {r.scopes.includes('disclose:third_parties') && <p><Trans>The parent also wishes that the third parties of the notice get data. A consent by mail permits none of it: ask for a signed form.</Trans></p>}
        <h3><Trans>What is kept of the answers</Trans></h3>
        {r.evidence?.length ? <ul className="versions">{r.evidence.map(e => <Answer key={e.mail_id + (e.at ?? '')} of={e} version={version(e.notice_id)} />)}</ul> : <p><Trans>There is no answer yet.</Trans></p>}
      </>}
    </Form>
  )
}

function Answer({ of: e, version }: { of: Evidence; version: React.ReactNode }) {
  const { t } = useLingui()
  const mails: Record<Evidence['mail'], string> = { notice: t`By the first mail`, reminder: t`By a reminder`, confirm: t`By the second mail`, overruled: t`By the mail about another parent's answer`, page: t`On the page of the answer` }
  return (
    <li><span>{mails[e.mail]}{e.at && <> · {exactly(e.at)}</>}<br />
      <span className="small quiet"><Trans>Version of the notice</Trans>: {version} · <Trans>Network</Trans>: <bdi>{e.network || '–'}</bdi> · <Trans>Browser</Trans>: <bdi>{e.agent || '–'}</bdi> · <Trans>Mail</Trans>: <code>{e.mail_id}</code></span></span></li>
  )
}
