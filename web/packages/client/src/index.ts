export { type Api, type Connection, type Schemas, bytes, call, createApi, headers } from './client.ts'
export { follow } from './events.ts'
export { foldersOf, isSystemFile, normalName } from './names.ts'
export { type Advice, Problem, adviceFor, asProblem, problemOf, retryAfter } from './problem.ts'
