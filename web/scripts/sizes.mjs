// Fails when the console grows beyond what a phone loads in time: the entry with what it imports at most 130 kB (gzip),
// what a page loads besides at most 40 kB, dialogs at most 60 kB, the catalogue of a language, which is loaded once, at
// most 60 kB, and all of it at most 1.5 MB uncompressed, without the catalogues: a person loads that of one language.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url).pathname
const manifest = JSON.parse(readFileSync(dist + '.vite/manifest.json', 'utf8'))
const gz = file => existsSync(dist + file + '.gz') ? statSync(dist + file + '.gz').size : gzipSync(readFileSync(dist + file)).length
const kB = bytes => (bytes / 1000).toFixed(1) + ' kB'

// withImports: the files of a chunk and of what it imports at once.
function withImports(key, seen = new Set()) {
  const chunk = manifest[key]
  if (!chunk || seen.has(chunk.file)) return seen
  seen.add(chunk.file)
  for (const other of chunk.imports ?? []) withImports(other, seen)
  return seen
}
const sum = files => [...files].reduce((n, f) => n + gz(f), 0)

const entryKey = Object.keys(manifest).find(k => manifest[k].isEntry)
const entry = withImports(entryKey)
const failures = []
console.log(`entry: ${kB(sum(entry))} of 130`)
if (sum(entry) > 130_000) failures.push('the entry is too large')

// What signed-in people share (the frame, the components) is loaded once, with the first page.
const shared = new Set(entry)
for (const key of Object.keys(manifest)) if (manifest[key].name === 'frame') withImports(key, shared)
console.log(`shared by the pages: ${kB(sum(shared) - sum(entry))} of 130`)
if (sum(shared) - sum(entry) > 130_000) failures.push('what the pages share is too large')
// Dialogs and menus come behind the page, when one is opened for the first time.
const dialogs = new Set()
for (const key of Object.keys(manifest)) if (manifest[key].name === 'dialogs') withImports(key, dialogs)
const behind = [...dialogs].filter(f => !shared.has(f))
console.log(`dialogs and menus: ${kB(sum(behind))} of 60`)
if (sum(behind) > 60_000) failures.push('dialogs and menus are too large')
for (const file of behind) shared.add(file)
for (const key of Object.keys(manifest)) {
  const chunk = manifest[key]
  if (!chunk.isDynamicEntry || chunk.name === 'frame') continue
  const own = [...withImports(key)].filter(f => !shared.has(f))
  const most = /locales\//.test(key) ? 60 : 40
  console.log(`${chunk.name}: ${kB(sum(own))} of ${most}`)
  if (sum(own) > most * 1000) failures.push(`${chunk.name} is too large`)
}
const all = Object.entries(manifest).reduce((n, [key, c]) => n + (/locales\//.test(key) ? 0 : statSync(dist + c.file).size), 0)
console.log(`all of it, uncompressed: ${kB(all)} of 1500`)
if (all > 1_500_000) failures.push('all of it is too large')
if (failures.length) { console.error(failures.join('\n')); process.exit(1) }
