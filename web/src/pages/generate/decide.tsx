import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import { type Generation, type GenerationFormat, formatsOf } from '../../app/queries-generate.ts'
import { spaces } from '../../app/queries.ts'
import { useGenerateWords } from '../../parts/generate-words.tsx'
import { Check, Form, useChange } from '../../parts/manage.tsx'
import { useSpaceName } from '../../parts/names.tsx'

/** Approves the draft as a file, or ends it. */
export default function Decide({ of: g, what, close }: { of: Generation; what: 'approve' | 'reject'; close: () => void }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useGenerateWords()
  const name = useSpaceName()
  const { again } = useChange()
  const all = useQuery(spaces(work))
  const path = { id: g.id }
  const own = (s: { kind: string; owner_id?: string | null }) => s.kind === 'personal' && s.owner_id === work.place.user_id
  const places = all.data?.filter(s => s.my_level >= 2 && s.state === 'open').toSorted((a, b) => Number(own(b)) - Number(own(a)))
  if (what === 'reject') {
    return (
      <Form title={t`End the draft?`} verb={t`End the draft`} danger close={close} run={async () => { await work.api.POST('/api/v1/generations/{id}/reject', { params: { path } }); void again('generations', 'jobs') }}>
        <p><Trans>It becomes no file, and nothing of the text is kept.</Trans></p>
      </Form>
    )
  }
  return (
    <Form title={t`Approve the draft`} verb={t`Approve`} close={close} run={async d => {
      const [space, called] = [String(d.get('space') ?? ''), String(d.get('name')).trim()]
      await work.api.POST('/api/v1/generations/{id}/approve', { params: { path }, body: { revision: g.revision, format: d.get('format') as GenerationFormat, answers: d.has('answers'), ...(space ? { space_id: space } : {}), ...(called ? { name: called } : {}) } })
      void again('generations', 'jobs', 'files')
    }}>
      <p><Trans>You have read it and answer for it. It becomes a file, which is checked as every other one is.</Trans></p>
      <label className="field"><Trans>Kind of file</Trans><select name="format">{formatsOf(g.kind).map(f => <option key={f} value={f}>{words.formats[f]}</option>)}</select></label>
      <Check name="answers"><Trans>With the answers, on pages. Files for learning platforms and tables always have them.</Trans></Check>
      {places && <label className="field"><Trans>Where it goes</Trans><select name="space">{places.map(s => <option key={s.id} value={s.id}>{name(s)}</option>)}</select></label>}
      <label className="field"><Trans>Name (empty: made from the title)</Trans><input name="name" maxLength={200} dir="auto" /></label>
    </Form>
  )
}
