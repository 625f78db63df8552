// @vitest-environment happy-dom
import { fireEvent, render } from '@testing-library/react'
import { useRef } from 'react'
import { expect, test } from 'vitest'

import { useGrid } from './use-grid.ts'

interface Props { rows: string[]; perRow?: number; deleted: (rows: readonly string[]) => void; selected?: ReadonlySet<string>; onSelect?: (ids: ReadonlySet<string>) => void }
const labels = { select: String, selectAll: '', more: String, loading: '' }

function Things({ rows, perRow = 1, deleted, selected = new Set(), onSelect = () => {} }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const grid = useGrid({ label: 'things', rows, rowId: r => r, rowName: r => r, selected, onSelect, onOpen: () => {}, onDelete: deleted, labels }, perRow, '[role=row]', scroller)
  return <div ref={scroller} role="grid" tabIndex={-1} onKeyDown={grid.onKey}>{rows.map((r, n) => <div key={r} role="row" {...grid.thing(n)}>{r}</div>)}</div>
}

test('a key acts on the thing that has the focus, also when the list was read again and others came before it', () => {
  const gone: string[][] = []
  const deleted = (rows: readonly string[]) => { gone.push([...rows]) }
  const page = render(<Things rows={['a', 'b', 'c']} deleted={deleted} />)
  const b = page.getByText('b')
  b.focus()
  page.rerender(<Things rows={['0', '1', 'a', 'b', 'c']} deleted={deleted} />)
  expect(document.activeElement).toBe(b)
  expect(b.tabIndex).toBe(0)
  fireEvent.keyDown(b, { key: 'Delete' })
  expect(gone).toEqual([['b']])
  // What had the focus is gone: the one at its place takes the keys.
  page.rerender(<Things rows={['0', '1', 'a', 'c']} deleted={deleted} />)
  expect(page.container.querySelectorAll('[tabindex="0"]')).toHaveLength(1)
})

test('in a wall of pictures the arrows go up, down and to the sides', () => {
  const page = render(<Things rows={['a', 'b', 'c', 'd', 'e']} perRow={2} deleted={() => {}} />)
  const press = (key: string) => fireEvent.keyDown(document.activeElement!, { key })
  page.getAllByText('a').at(-1)!.focus()
  press('ArrowDown')
  expect(document.activeElement?.textContent).toBe('c')
  press('ArrowRight')
  expect(document.activeElement?.textContent).toBe('d')
  press('ArrowUp')
  press('ArrowLeft')
  expect(document.activeElement?.textContent).toBe('a')
  press('End')
  expect(document.activeElement?.textContent).toBe('e')
})
