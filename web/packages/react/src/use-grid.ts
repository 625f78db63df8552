import type { Range } from '@tanstack/react-virtual'
import { type DragEvent, type KeyboardEvent, type MouseEvent, type RefObject, useLayoutEffect, useMemo, useRef, useState } from 'react'

export interface GridLabels { select: (name: string) => string; selectAll: string; more: (name: string) => string; loading: string }

/** Moving things by the mouse: which rows can be taken, where they may be put, and what then happens. */
export interface GridDrag<T> { takes: (row: T) => boolean; accepts: (row: T) => boolean; drop: (ids: readonly string[], on: T) => void }

/** The indices that are in the document: those that are seen, some around them, and the one that has the focus. */
export const withCurrent = (current: number) => (r: Range): number[] => {
  const all: number[] = []
  for (let i = Math.max(0, r.startIndex - r.overscan); i <= Math.min(r.count - 1, r.endIndex + r.overscan); i++) all.push(i)
  if (r.count > 0 && !all.includes(current)) all.push(current)
  return all
}

/** What a list of things and a wall of pictures have in common. */
export interface GridBase<T> {
  label: string
  rows: readonly T[]
  rowId: (row: T) => string
  rowName: (row: T) => string
  selected: ReadonlySet<string>
  onSelect: (ids: ReadonlySet<string>) => void
  onOpen: (row: T) => void
  onRename?: (row: T) => void
  onDelete?: (rows: readonly T[]) => void
  /** Opens the menu of a row beside an element. */
  onMenu?: (row: T, beside: HTMLElement) => void
  /** Called when the end of what is loaded comes near. */
  onMore?: () => void
  hasMore?: boolean
  drag?: GridDrag<T>
  labels: GridLabels
}

const pageRows = 10
const dragType = 'application/x-satchel-ids'

/** The ids of things of a list that are dragged, at their drop; null: something else is dragged. */
export function draggedIds(e: DragEvent): string[] | null {
  const text = e.dataTransfer.getData(dragType)
  return text === '' ? null : JSON.parse(text) as string[]
}
export const isDragged = (e: DragEvent) => e.dataTransfer.types.includes(dragType)

/**
 * The keys, the selection and the focus of a list or a wall of things with one tab stop: arrows, Page Up and Down, Home
 * and End move; Space, Shift and Ctrl+A select; Enter opens, F2 renames, Delete deletes, Shift+F10 opens the menu, Escape
 * ends the selection, and letters go to the next name that begins with them. `stop` matches the elements that have the focus.
 */
export function useGrid<T>(p: GridBase<T>, perRow: number, stop: string, scroller: RefObject<HTMLDivElement | null>) {
  const [active, setActiveThing] = useState({ index: 0, id: '' })
  const anchor = useRef(0)
  const wanted = useRef<number | null>(null) // the thing that gets the focus once it is in the document
  const typed = useRef({ text: '', at: 0 })
  const reveal = useRef<(index: number) => void>(() => {})
  const last = Math.max(0, p.rows.length - 1)
  // The thing that has the focus is known by its id: a list that is read again may have it at another place, and a key must
  // never act on the one that took its place.
  const { rows, rowId } = p
  const current = useMemo(() => {
    const there = rows[active.index]
    if (active.id === '' || (there && rowId(there) === active.id)) return Math.min(active.index, last)
    const found = rows.findIndex(r => rowId(r) === active.id)
    return found >= 0 ? found : Math.min(active.index, last)
  }, [rows, rowId, active, last])
  const setActive = (index: number) => setActiveThing({ index, id: rows[index] ? rowId(rows[index]) : '' })

  useLayoutEffect(() => {
    if (wanted.current === null) return
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`)
    if (row) { row.focus({ preventScroll: true }); wanted.current = null }
  })

  const range = (a: number, b: number) => new Set(p.rows.slice(Math.min(a, b), Math.max(a, b) + 1).map(p.rowId))
  const go = (to: number, extend: boolean) => {
    const index = Math.max(0, Math.min(last, to))
    wanted.current = index
    setActive(index)
    reveal.current(index)
    if (extend) p.onSelect(range(anchor.current, index))
    else anchor.current = index
  }
  const toggle = (index: number) => {
    const row = p.rows[index]
    if (!row) return
    const ids = new Set(p.selected)
    if (!ids.delete(p.rowId(row))) ids.add(p.rowId(row))
    anchor.current = index
    p.onSelect(ids)
  }
  const typeAhead = (letter: string) => {
    const now = performance.now()
    typed.current = { text: (now - typed.current.at < 800 ? typed.current.text : '') + letter.toLocaleLowerCase(), at: now }
    const { text } = typed.current
    const from = text.length === 1 ? current + 1 : current
    for (let n = 0; n < p.rows.length; n++) {
      const i = (from + n) % p.rows.length
      if (p.rowName(p.rows[i]!).toLocaleLowerCase().startsWith(text)) { go(i, false); return }
    }
  }
  const moves = (el: Element): Record<string, number> => {
    const side = perRow > 1 ? (getComputedStyle(el).direction === 'rtl' ? -1 : 1) : 0
    return {
      ArrowDown: current + perRow, ArrowUp: current - perRow, PageDown: current + pageRows * perRow, PageUp: current - pageRows * perRow, Home: 0, End: last,
      ...(side === 0 ? {} : { ArrowRight: current + side, ArrowLeft: current - side }),
    }
  }

  const onKey = (e: KeyboardEvent) => {
    if (!(e.target as HTMLElement).matches(stop)) return
    const row = p.rows[current]
    const to = moves(e.currentTarget)
    if (e.key in to || e.key === 'Escape') typed.current.text = '' // a Space that follows selects, and is no part of a name
    if (e.key in to) go(to[e.key]!, e.shiftKey)
    else if (e.key === ' ' && typed.current.text && performance.now() - typed.current.at < 800) typeAhead(' ')
    else if (e.key === ' ') toggle(current)
    else if (e.key === 'a' && (e.ctrlKey || e.metaKey)) p.onSelect(new Set(p.rows.map(p.rowId)))
    else if (e.key === 'Escape' && p.selected.size > 0) p.onSelect(new Set())
    else if (e.key === 'Enter' && row) p.onOpen(row)
    else if (e.key === 'F2' && row && p.onRename) p.onRename(row)
    else if (e.key === 'Delete' && row && p.onDelete) p.onDelete(p.selected.size > 0 ? p.rows.filter(r => p.selected.has(p.rowId(r))) : [row])
    else if ((e.key === 'ContextMenu' || (e.key === 'F10' && e.shiftKey)) && row && p.onMenu) p.onMenu(row, e.target as HTMLElement)
    else if (e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey) typeAhead(e.key)
    else return
    e.preventDefault()
    e.stopPropagation()
  }

  const onClick = (e: MouseEvent, index: number) => {
    if ((e.target as HTMLElement).closest('button, a, label, input')) return
    setActive(index)
    if (e.shiftKey) p.onSelect(range(anchor.current, index))
    else if (e.ctrlKey || e.metaKey) toggle(index)
    else { anchor.current = index; p.onOpen(p.rows[index]!) }
  }

  return { current, setActive, reveal, toggle, onKey, onClick, thing: (index: number) => thing(p, index) }

  /** What an element of a thing needs for the focus, the menu and dragging. */
  function thing(all: GridBase<T>, index: number) {
    const row = all.rows[index]!
    return {
      'data-index': index, 'data-id': all.rowId(row), tabIndex: index === current ? 0 : -1,
      onFocus: (e: { target: unknown; currentTarget: unknown }) => { if (e.target === e.currentTarget && index !== current) setActive(index) },
      onClick: (e: MouseEvent) => onClick(e, index),
      onContextMenu: (e: MouseEvent<HTMLElement>) => { if (all.onMenu) { e.preventDefault(); setActive(index); all.onMenu(row, e.currentTarget) } },
      ...(all.drag ? dragging(all, all.drag, row) : {}),
    }
  }
}

function dragging<T>(p: GridBase<T>, drag: GridDrag<T>, row: T) {
  const over = (e: DragEvent<HTMLElement>, on: boolean) => { if (on) e.currentTarget.dataset.over = ''; else delete e.currentTarget.dataset.over }
  return {
    draggable: drag.takes(row),
    onDragStart: (e: DragEvent) => {
      const all = p.selected.has(p.rowId(row)) ? p.rows.filter(r => p.selected.has(p.rowId(r)) && drag.takes(r)) : [row]
      e.dataTransfer.setData(dragType, JSON.stringify(all.map(p.rowId)))
      e.dataTransfer.effectAllowed = 'move'
    },
    ...(drag.accepts(row) ? {
      onDragOver: (e: DragEvent<HTMLElement>) => { if (isDragged(e)) { e.preventDefault(); e.dataTransfer.dropEffect = 'move'; over(e, true) } },
      onDragLeave: (e: DragEvent<HTMLElement>) => { if (!e.currentTarget.contains(e.relatedTarget as Node | null)) over(e, false) },
      onDrop: (e: DragEvent<HTMLElement>) => {
        over(e, false)
        const ids = draggedIds(e)
        if (ids) { e.preventDefault(); e.stopPropagation(); drag.drop(ids, row) }
      },
    } : {}),
  }
}
