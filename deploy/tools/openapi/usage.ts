// What a front end does with the client that is generated from api/openapi.yaml. It is compiled by make lint and never
// run: a field or a parameter that the contract loses is an error here.
import createClient from 'openapi-fetch'
import type { components, paths } from './generated/api.js'

type ListedFile = components['schemas']['ListedFile']
type AuditReport = components['schemas']['AuditReport']

const api = createClient<paths>({ baseUrl: 'https://files.example' })

export async function allFiles(): Promise<ListedFile[]> {
  const files: ListedFile[] = []
  let cursor: string | undefined
  do {
    const { data, error } = await api.GET('/api/v1/storage/files', { params: { query: { limit: 200, ...(cursor && { cursor }) } } })
    if (error) throw new Error(`${error.code}: ${error.detail}`)
    files.push(...data.items)
    cursor = data.next_cursor
  } while (cursor)
  return files
}

export async function verifyAuditLog(id: string, progress: (done: number, total?: number) => void): Promise<AuditReport> {
  const begun = await api.POST('/api/v1/organizations/{id}/audit/verify', { params: { path: { id } } })
  if (begun.error) throw new Error(begun.error.code)
  for (;;) {
    const { data, error } = await api.GET('/api/v1/operations/{id}', { params: { path: { id: begun.data.operation_id } } })
    if (error) throw new Error(error.code)
    for (const step of data.steps) progress(step.done, step.total)
    if (data.state === 'succeeded') return data.result as AuditReport
    if (data.state !== 'running') throw new Error(data.error?.code)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

export async function beginUpload(file: File): Promise<string> {
  const { response, error } = await api.POST('/api/v1/storage/tus', {
    params: { header: { 'Tus-Resumable': '1.0.0', 'Upload-Length': file.size, 'Upload-Metadata': `filename ${btoa(file.name)}` } },
  })
  if (error) throw new Error(error.code)
  return response.headers.get('Location')!
}
