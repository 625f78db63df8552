/** What the server tells the page, as attributes of its head. */
export interface Settings { home: string; authorize: string; tokens: string; issuer: string; endSession: string; client: string; scopes: string; temporal: string; metrics: string; down: boolean }

export function readSettings(page: Document = document): Settings {
  const of = (name: string) => page.querySelector(`meta[name="satchel-${name}"]`)?.getAttribute('content') ?? ''
  return {
    home: of('home'), authorize: of('authorize'), tokens: of('tokens'), issuer: of('issuer'), endSession: of('end-session'), client: of('client'),
    scopes: of('scopes'), temporal: of('temporal'), metrics: of('metrics'), down: of('down') !== '',
  }
}
