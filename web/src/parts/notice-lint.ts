import type { Schemas } from '@satchel/client'

type Body = Schemas['ConsentNotice']['notice']
export type Block = keyof Body

const blocks: Block[] = ['summary', 'collected', 'used', 'disclosed', 'third_parties', 'consent_required', 'online_notice', 'means', 'contact_deleted', 'rights']
const mostWords = 120

/** Those to whom data may be given, of lines with a name, a colon and a purpose. A line without a colon has no purpose. */
export function parties(text: string): Body['third_parties'] {
  return text.split('\n').map(l => l.trim()).filter(Boolean).map(l => {
    const at = l.indexOf(':')
    return at < 0 ? { name: l, purpose: '' } : { name: l.slice(0, at).trim(), purpose: l.slice(at + 1).trim() }
  })
}

export const partiesText = (all: Body['third_parties']): string => all.map(p => `${p.name}: ${p.purpose}`).join('\n')

/** The blocks that the API would refuse (Notice.Check of policies/consent/requests). It decides; this says it earlier. */
export function lint(n: Body | undefined): Block[] {
  return blocks.filter(b => {
    if (b === 'third_parties') return n !== undefined && n.third_parties.some(p => !p.name || !p.purpose)
    const text = n?.[b].trim() ?? ''
    if (b === 'summary') return text === '' || text.split(/\s+/).length > mostWords
    if (b === 'online_notice') return !/^https:\/\/[^/@]+/.test(text)
    return text === ''
  })
}
