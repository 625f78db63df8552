import { type ReactNode, createElement } from 'react'

// The elements that the server leaves in a fragment (internal/fragment). What is not among them is shown by its words.
const known = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li', 'blockquote', 'pre', 'code', 'span', 'em', 'strong', 'del', 'sub', 'sup', 'table', 'caption', 'thead', 'tbody', 'tr', 'th', 'td', 'dl', 'dt', 'dd', 'div'])
const empty = new Set(['br', 'hr'])
const noText = new Set(['table', 'thead', 'tbody', 'tr', 'ul', 'ol', 'dl'])
const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\u00a0' }
const most = 20_000 // elements; what is longer is cut

const unescaped = (s: string) => s.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (all, dec: string, hex: string, name: string) => {
  const code = dec ? Number(dec) : hex ? parseInt(hex, 16) : 0
  if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code)
  return named[name] ?? all
})

interface Open { tag: string; className: string; children: ReactNode[] }

/**
 * The elements of a fragment, built one by one: no markup is given to the browser, so none can do anything. Headings become
 * smaller than those of the page, and only classes are kept.
 */
export function fragment(html: string): ReactNode[] {
  const root: Open = { tag: '', className: '', children: [] }
  const stack = [root]
  let count = 0
  const close = () => {
    const { tag, className, children } = stack.pop()!
    const level = /^h([1-6])$/.exec(tag)
    const name = level ? `h${Math.min(6, Number(level[1]) + 2)}` : tag
    stack.at(-1)!.children.push(createElement(name, { key: count++, ...(className ? { className } : {}), ...(tag === 'p' || tag === 'td' || level ? { dir: 'auto' } : {}) }, ...children))
  }
  for (const [, end, tag, attributes, text] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)([^<>]*)>|([^<]+|<)/gi)) {
    const top = stack.at(-1)!
    if (text !== undefined) {
      if (!noText.has(top.tag) || text.trim()) top.children.push(unescaped(text))
      continue
    }
    const name = tag!.toLowerCase()
    if (end) {
      const at = stack.findLastIndex(o => o.tag === name)
      if (at > 0) while (stack.length > at) close()
    } else if (empty.has(name)) top.children.push(createElement(name, { key: count++ }))
    else if (known.has(name)) {
      if (count + stack.length > most) break
      stack.push({ tag: name, className: /\sclass="([\w -]*)"/.exec(attributes ?? '')?.[1] ?? '', children: [] })
    }
  }
  while (stack.length > 1) close()
  return root.children
}
