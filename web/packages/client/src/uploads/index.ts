export { type Chosen, type Gathered, fromInput, fromTransfer } from './gather.ts'
export { type Happening, type Hindrance, type Item, type Phase, type Totals, isOutcome, mayRetry, next, outcomes, totals } from './item.ts'
export { ResumeStore } from './resume.ts'
export { type Target, Uploader, type UploaderOptions } from './uploader.ts'
