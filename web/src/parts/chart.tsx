import { Trans, useLingui } from '@lingui/react/macro'

export interface Point { at: string; value: number }

/** A day as an axis names it. */
export const day = (at: string) => new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(at))

/** Bars over days. What it shows is said in a sentence, and a table beside it has every number. */
export function Bars({ title, points, format }: { title: string; points: readonly Point[]; format: (n: number) => string }) {
  const { t } = useLingui()
  const top = Math.max(...points.map(p => p.value), 0)
  const best = points.find(p => p.value === top)
  const width = 100 / Math.max(points.length, 1)
  const said = top === 0 || !best ? t`${title}: nothing in this time.` : t`${title}: the most is ${format(top)}, on ${day(best.at)}.`
  return (
    <figure className="chart panel">
      <figcaption>{title}</figcaption>
      <span className="small quiet">{top > 0 ? t`at most ${format(top)}` : <Trans>nothing in this time</Trans>}</span>
      <svg role="img" aria-label={said} viewBox="0 0 100 100" preserveAspectRatio="none">
        {points.map((p, n) => p.value > 0 && (
          <rect key={p.at} x={n * width + width * 0.1} width={width * 0.8} y={100 - Math.max((p.value / top) * 100, 1)} height={Math.max((p.value / top) * 100, 1)}><title>{`${day(p.at)}: ${format(p.value)}`}</title></rect>
        ))}
      </svg>
      {points.length > 0 && <span className="chart-axis" aria-hidden="true"><span>{day(points[0]!.at)}</span><span>{day(points.at(-1)!.at)}</span></span>}
    </figure>
  )
}
