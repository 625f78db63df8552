import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'

import { test } from '@playwright/test'
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter'

/** One measured value beside its goal. A figure without a goal is told for the others' sake. */
export interface Figure { name: string; got: number; unit: string; goal: string; ok: boolean | null; how: string }

/** Keeps a figure for the table at the end: what was measured before a failure counts. */
export function figure(name: string, got: number, unit: string, goal: { most: number } | { least: number } | null, how: string): void {
  const ok = goal === null ? null : 'most' in goal ? got <= goal.most : got >= goal.least
  const text = goal === null ? '' : 'most' in goal ? `≤ ${goal.most}` : `≥ ${goal.least}`
  const f: Figure = { name, got, unit, goal: text, ok, how: `${how}; load average ${loadavg()[0]!.toFixed(1)}` }
  test.info().annotations.push({ type: 'figure', description: JSON.stringify(f) })
}

/** The value in the middle. */
export function median(all: readonly number[]): number {
  const sorted = all.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

/** Prints the figures as the table of docs/performance.md, and writes them as JSON where SATCHEL_VITALS_JSON says. */
export default class Figures implements Reporter {
  private readonly all: Figure[] = []

  onTestEnd(_: TestCase, result: TestResult) {
    for (const a of result.annotations) if (a.type === 'figure') this.all.push(JSON.parse(a.description!) as Figure)
  }

  onEnd() {
    const mark = (ok: boolean | null) => (ok === null ? ' ' : ok ? '✓' : '✗')
    const round = (n: number) => (Math.abs(n) < 10 ? Math.round(n * 100) / 100 : Math.abs(n) < 100 ? Math.round(n * 10) / 10 : Math.round(n))
    console.log('\n| | figure | measured | goal | how |\n|---|---|---|---|---|')
    for (const f of this.all) console.log(`| ${mark(f.ok)} | ${f.name} | ${round(f.got)} ${f.unit} | ${f.goal} | ${f.how} |`)
    const file = process.env.SATCHEL_VITALS_JSON
    if (file) writeFileSync(file, JSON.stringify(this.all, null, 2) + '\n')
  }
}
