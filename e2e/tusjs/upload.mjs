// Uploads a file with tus-js-client in small chunks, breaks off once in the
// middle, resumes from the remembered URL, and prints the file's id.
//   node upload.mjs ENDPOINT TOKEN FILE NAME
import { createReadStream, statSync } from 'node:fs'
import * as tus from 'tus-js-client'

const [endpoint, token, path, name] = process.argv.slice(2)
const size = statSync(path).size
let fileId = ''

function upload(url, breakAt) {
  return new Promise((resolve, reject) => {
    const u = new tus.Upload(createReadStream(path), {
      endpoint,
      uploadUrl: url,
      uploadSize: size,
      chunkSize: 1 << 20,
      retryDelays: [100, 300, 1000],
      headers: { Authorization: `Bearer ${token}` },
      metadata: { filename: name, filetype: 'text/plain' },
      onAfterResponse: (_req, res) => { fileId = res.getHeader('X-File-ID') || fileId },
      onProgress: (sent) => {
        if (breakAt && sent >= breakAt) u.abort().then(() => resolve(u.url), reject)
      },
      onSuccess: () => resolve(u.url),
      onError: reject,
    })
    u.start()
  })
}

const url = await upload(null, size / 2)
await upload(url, 0)
console.log(fileId)
