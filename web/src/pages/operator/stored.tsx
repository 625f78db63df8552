import { useLingui } from '@lingui/react/macro'

/** How many files there are, by what became of them. */
export function Stored({ counts }: { counts: Record<string, number> }) {
  const { t } = useLingui()
  const words: Record<string, string> = {
    uploading: t`Being sent`, processing: t`Being checked`, published: t`Ready`, quarantined: t`Locked away`, held: t`Held`, rejected: t`Not taken`, failed: t`Failed`, expired: t`Not finished`, deleted: t`In the bin`,
  }
  return <dl className="facts">{Object.entries(counts).map(([s, n]) => <div key={s}><dt>{words[s] ?? s}</dt><dd>{new Intl.NumberFormat().format(n)}</dd></div>)}</dl>
}
