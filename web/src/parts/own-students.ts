import { useQuery } from '@tanstack/react-query'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { type OwnStudent, ownStudents } from '../app/queries-compliance.ts'

/** The students of whose side the person is: themselves, and their children. Empty until it is known. */
export function useOwnStudents(): OwnStudent[] {
  const work = useWork()
  return useQuery({ ...ownStudents(work), enabled: work.place.role !== 'operator' && may(work.place, 'read_directory') }).data?.items ?? []
}
