import { Trans } from '@lingui/react/macro'

export interface Purpose { basis: string; interest: string }

/** Why a record of a student may leave the school: asked for once the API says that the law wants it. */
export function PurposeFields({ of: p, change }: { of: Purpose; change: (p: Purpose) => void }) {
  return (
    <fieldset className="plain"><legend><Trans>This is an education record</Trans></legend>
      <label className="field"><Trans>Ground in the law, such as 99.31(a)(2)</Trans><input value={p.basis} maxLength={20} autoComplete="off" spellCheck={false} onChange={e => change({ ...p, basis: e.target.value })} /></label>
      <label className="field"><Trans>What the other side needs it for</Trans><input value={p.interest} maxLength={500} dir="auto" onChange={e => change({ ...p, interest: e.target.value })} /></label>
    </fieldset>
  )
}
