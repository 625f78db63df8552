import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { exactly, stamp } from '../../app/format.ts'
import { type MailDelivery, mails } from '../../app/queries-admin.ts'
import { Choice, Listed, State, Table, useAddress } from '../../parts/manage.tsx'
import { Named } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

/** The log of mails to members. It holds no address and no text. */
export default function Mails() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const list = useInfiniteQuery(mails(work, at.state))
  const states: Record<MailDelivery['state'], string> = { queued: t`Waits`, sending: t`Being sent`, sent: t`Sent`, failed: t`Failed`, suppressed: t`Withheld` }
  const bounces: Record<MailDelivery['bounce'], string> = { '': '', hard: t`the address does not take mail`, soft: t`it came back; it may arrive later`, complaint: t`the person said that it is not wanted` }
  return (
    <>
      <Title>{t`Mails to members`}</Title>
      <p><Trans>What was mailed in the last 90 days, without addresses and texts.</Trans></p>
      <div className="bar"><Choice label={t`State`} all={t`All`} value={at.state} options={Object.entries(states)} choose={state => go({ state })} /></div>
      <Listed of={list} empty={at.state ? t`Nothing here fits the filter.` : t`Nothing was mailed yet.`}>{rows => (
        <Table label={t`Mails to members`} rows={rows} id={m => m.id} columns={[
          { head: t`To`, cell: m => <Named id={m.user_id} /> },
          { head: t`About`, cell: m => <code className="small">{m.kind}</code> },
          { head: t`State`, cell: m => <><State state={m.state} word={states[m.state]} />{m.bounce && <span className="small quiet"> · {bounces[m.bounce]}</span>}{m.code && <code className="small quiet"> {m.code}</code>}{m.next_at && <span className="small quiet"> · {t`Next try: ${exactly(m.next_at)}`}</span>}</> },
          { head: t`Attempts`, cell: m => m.attempts, numbers: true },
          { head: t`Time`, cell: m => <time className="stamp" dateTime={m.ended_at ?? m.created_at} title={exactly(m.ended_at ?? m.created_at)}>{stamp(m.ended_at ?? m.created_at)}</time> },
        ]} />
      )}</Listed>
    </>
  )
}
