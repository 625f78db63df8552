import '@satchel/react/style.css'

import { FilePreview, QuotaBar, SatchelProvider, SatchelUploader, createSatchel, problemText, useFiles } from '@satchel/react'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'

// The portal's own server says where Satchel is, who is signed in, and gives that person's access token.
const { baseUrl, owner } = await (await fetch('/settings')).json() as { baseUrl: string; owner: string }
const satchel = createSatchel({ baseUrl, owner, getToken: async () => (await fetch('/token')).text() })

function Portal() {
  const files = useFiles({ limit: 10 })
  const [shown, show] = useState('')
  return (
    <main>
      <h1>Our portal</h1>
      <SatchelUploader maxFiles={20} onPublished={files.reload} />
      <QuotaBar />
      {files.problem && <p role="alert">{problemText(files.problem)}</p>}
      <ul aria-label="Files">{files.data?.map(f => <li key={f.id}><button type="button" onClick={() => show(f.id)}><bdi>{f.name}</bdi></button></li>)}</ul>
      {shown && <FilePreview id={shown} />}
    </main>
  )
}

createRoot(document.getElementById('portal')!).render(<SatchelProvider satchel={satchel}><Portal /></SatchelProvider>)
