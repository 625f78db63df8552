// Keeps each asset in the forms that the server sends: Brotli and gzip. What does not get smaller has no such form.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const folder = new URL('../dist/assets/', import.meta.url).pathname
for (const name of readdirSync(folder)) {
  if (!/\.(js|css|svg|json)$/.test(name)) continue
  const path = join(folder, name)
  const body = readFileSync(path)
  for (const [ending, smaller] of [
    ['.gz', gzipSync(body, { level: 9 })],
    ['.br', brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })],
  ]) {
    if (smaller.length < statSync(path).size) writeFileSync(path + ending, smaller)
  }
}
