import { Trans, useLingui } from '@lingui/react/macro'

/** When a share ends: the usual (none inside, 30 days outside), in some days, on a date, or never. */
export interface Ends { choice: 'usual' | '1' | '7' | '30' | '90' | 'date'; date: string }

const day = 86_400_000

/** The end as the API takes it. A date ends with its day, in the person's own time. */
export function endOf(e: Ends, now = Date.now()): string | null {
  if (e.choice === 'usual') return null
  if (e.choice === 'date') return e.date ? new Date(e.date + 'T23:59:59').toISOString() : null
  return new Date(now + Number(e.choice) * day).toISOString()
}

const dayOf = (at: number) => { const d = new Date(at); return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}` }

export function EndField({ ends, change, outside, longestDays }: { ends: Ends; change: (e: Ends) => void; outside: boolean; longestDays: number | null }) {
  const { t } = useLingui()
  const choices: [Ends['choice'], string, number][] = [['1', t`1 day`, 1], ['7', t`7 days`, 7], ['30', t`30 days`, 30], ['90', t`90 days`, 90]]
  return (
    <>
      <label className="field"><Trans>Until</Trans>
        <select value={ends.choice} onChange={e => change({ ...ends, choice: e.target.value as Ends['choice'], date: ends.date || dayOf(Date.now() + 14 * day) })}>
          <option value="usual">{outside ? t`as usual (30 days at most)` : t`without an end`}</option>
          {choices.filter(([, , n]) => !longestDays || n <= longestDays).map(([value, word]) => <option key={value} value={value}>{word}</option>)}
          <option value="date">{t`a date`}</option>
        </select>
      </label>
      {ends.choice === 'date' && (
        <label className="field"><Trans>Last day</Trans>
          <input type="date" required value={ends.date} min={dayOf(Date.now())} {...(longestDays ? { max: dayOf(Date.now() + longestDays * day) } : {})} onChange={e => change({ ...ends, date: e.target.value })} />
        </label>
      )}
    </>
  )
}
