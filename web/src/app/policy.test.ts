import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const require = createRequire(join(process.cwd(), 'package.json'))
const aria = dirname(require.resolve('react-aria/package.json'))

/** The text that a module of the components writes into a style element. */
function styleOf(module: string): string {
  const source = readFileSync(join(aria, 'dist/private', module), 'utf8')
  const found = /style\.textContent = `([\s\S]*?)`\.trim\(\)/.exec(source)
  expect(found, `${module} writes its style in another way`).not.toBeNull()
  return found![1]!.replace(/\$\{([\w$]+)\}/g, (_, name: string) => {
    const value = new RegExp(`const ${name.replaceAll('$', '\\$')} = '([^']*)'`).exec(source)?.[1]
    expect(value, `${module}: ${name}`).toBeDefined()
    return value!
  }).trim()
}

const hash = (text: string) => 'sha256-' + createHash('sha256').update(text).digest('base64')

test('the policy of the server allows the styles of the installed components, and no others', () => {
  const go = readFileSync('../api/console/console.go', 'utf8') // tests run in web/
  const allowed = [...go.matchAll(/"(sha256-[^"]+)"/g)].map(m => m[1]!)
  const written = [styleOf('interactions/usePress.mjs'), styleOf('overlays/usePreventScroll.mjs')].map(hash)
  expect(allowed.toSorted()).toEqual(written.toSorted())
})
