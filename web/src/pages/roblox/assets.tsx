import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { stamp } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type RobloxAsset, type RobloxAssetState, type RobloxConnection, robloxAssets } from '../../app/queries-roblox.ts'
import { number } from '../../parts/jobs.tsx'
import { Choice, Form, Listed, State, Table, Unmet, useAddress, useChange } from '../../parts/manage.tsx'
import { useRobloxWords } from '../../parts/roblox-words.tsx'

/** What files became at Roblox, and those of which only a person can find out whether they are there. */
export function Assets({ of: c }: { of: RobloxConnection }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useRobloxWords()
  const [at, go] = useAddress()
  const found = useInfiniteQuery(robloxAssets(work, c.id, at.state))
  const [asked, ask] = useState<RobloxAsset | null>(null)
  const counts = Object.entries(c.assets ?? {}).filter(([, n]) => n > 0) as [RobloxAssetState, number][]
  const unsure = c.assets?.unsure ?? 0
  const types: Record<RobloxAsset['type'], string> = { Image: t`Picture`, Audio: t`Sound`, Model: t`Model` }
  return (
    <>
      <h2><Trans>Assets</Trans></h2>
      {unsure > 0 && (
        <div className="state" role="note">
          <p><strong><Trans>You have to decide about some: {number(unsure)}</Trans></strong></p>
          <p><Trans>Roblox did not answer an upload to the end, so it may have been made. It is not sent again by itself, since Roblox would then have it twice. Look in the Creator Dashboard for the name that is shown here, and say what you found.</Trans></p>
          {at.state !== 'unsure' && <p><button type="button" className="button" onClick={() => go({ state: 'unsure' })}><Trans>Show these</Trans></button></p>}
        </div>)}
      <div className="bar"><Choice label={t`State`} all={t`All`} value={at.state} options={counts.map(([s, n]) => [s, `${words.states[s]} (${number(n)})`] as const)} choose={state => go({ state })} /></div>
      <Listed of={found} empty={at.state ? t`Nothing here fits the filter.` : t`Nothing was sent yet. Put pictures, sounds or models into the chosen spaces, then sync.`}>{rows => (
        <Table label={t`Assets`} rows={rows} id={a => a.id} columns={[
          { head: t`File`, cell: a => <Link to="/o/$org/recent" params={{ org: work.place.organization_id }} search={{ file: a.file_id } as never}><bdi>{a.name}</bdi></Link> },
          { head: t`Kind`, cell: a => types[a.type] },
          { head: t`State`, cell: a => {
            const why = a.state === 'withheld' ? words.withheld : words.code(a.code)
            return <><State state={words.mark(a.state)} word={words.states[a.state]} />{why && <span className="small quiet why-short">{why}</span>}{a.code && <code className="small quiet">{a.code}</code>}</>
          } },
          { head: t`At Roblox`, cell: a => <>{a.asset_id ?? '–'} <span className="small quiet why-short"><code>{a.display_name}</code></span></> },
          { head: t`Changed`, cell: a => <time className="stamp" dateTime={a.updated_at}>{stamp(a.updated_at)}</time> },
          { head: t`Actions`, cell: a => (a.state === 'unsure' && may(work.place, 'manage_roblox') ? <span className="actions"><button type="button" className="button" aria-label={t`Decide about ${a.name}`} onClick={() => ask(a)}><Trans>Decide …</Trans></button></span> : '–') },
        ]} />
      )}</Listed>
      {asked && <Decide of={asked} connection={c.id} close={() => ask(null)} />}
    </>
  )
}

function Decide({ of: a, connection, close }: { of: RobloxAsset; connection: string; close: () => void }) {
  const { t } = useLingui()
  const { api } = useWork()
  const { again } = useChange()
  const [there, setThere] = useState<boolean | null>(null)
  const run = async (d: FormData) => {
    if (there === null) throw new Unmet(t`Say whether it is there.`)
    await api.POST('/api/v1/roblox/connections/{id}/assets/{asset}/resolve', {
      params: { path: { id: connection, asset: a.id } }, body: there ? { outcome: 'there', asset_id: Number(d.get('number')) } : { outcome: 'not_there' },
    })
    void again('roblox')
  }
  return (
    <Form title={t`Is ${a.name} at Roblox?`} verb={t`Save`} run={run} close={close}>
      <p><Trans>Look in the Creator Dashboard, under the assets of the owner, for this name:</Trans></p>
      <pre className="code" tabIndex={0}>{a.display_name}</pre>
      <fieldset className="checks"><legend><Trans>What you found</Trans></legend>
        <label className="check"><input type="radio" name="outcome" checked={there === true} onChange={() => setThere(true)} /><span><Trans>It is there</Trans></span></label>
        <label className="check"><input type="radio" name="outcome" checked={there === false} onChange={() => setThere(false)} /><span><Trans>It is not there: send it again</Trans></span></label>
      </fieldset>
      {there && <label className="field"><Trans>Its number at Roblox</Trans><input name="number" type="number" min={1} required /></label>}
    </Form>
  )
}
