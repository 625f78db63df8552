// @vitest-environment happy-dom
import { render } from '@testing-library/react'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { fragment } from './fragment.tsx'

const shown = (html: string) => render(<div>{fragment(html)}</div>).container.firstElementChild as HTMLElement

test('a table, a list and marked source keep their elements', () => {
  expect(shown('<table>\n<thead><tr><th>Day</th></tr></thead><tbody>\n<tr><td>Mon &amp; Tue</td></tr>\n</tbody></table>').innerHTML)
    .toBe('<table><thead><tr><th>Day</th></tr></thead><tbody><tr><td dir="auto">Mon &amp; Tue</td></tr></tbody></table>')
  expect(shown('<pre class="chroma"><code><span class="k">def</span> f():\n</code></pre>').querySelector('span.k')?.textContent).toBe('def')
  expect(shown('<h1>One</h1><p>two<br>three</p>').innerHTML).toBe('<h3 dir="auto">One</h3><p dir="auto">two<br>three</p>')
})

test('what is no text does nothing: no link, picture, style, script or attribute', () => {
  const page = shown('<a href="javascript:x()">a</a><img src=x onerror=y><script>z</script><p style="color:red" onclick="q()" id="main">t</p><svg/onload=r>')
  expect([...page.querySelectorAll('*')].map(e => e.tagName)).toEqual(['P'])
  expect(page.querySelector('p')!.getAttributeNames()).toEqual(['dir'])
})

test('any text is taken, and only known elements come of it', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.constantFrom('<p>', '</p>', '<td', '<table>', '</table>', '<li>', '&amp;', '&#0;', '&#x110000;', '<br>', '<', '>', '</x>', '<script>'), fc.string())), parts => {
    for (const e of shown(parts.join('')).querySelectorAll('*')) expect(e.getAttributeNames().every(a => a === 'dir' || a === 'class')).toBe(true)
  }))
})
