import type { Api, Contract } from '#kernel/contract.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { folderAccess, type PeopleAmong, setFolderAccess } from './access.ts'
import { changesFor } from './changes.ts'
import type { libraryMoreOps } from './contract.ts'
import { listDuplicates } from './duplicates.ts'
import { listMissing } from './missing.ts'
import { browseTree } from './tree.ts'

/** What is read of the library beyond its lists, and who may open which folder. */
export function createReading(ctx: CatalogCtx, peopleAmong: PeopleAmong): Api<Contract<typeof libraryMoreOps>> {
  return {
    getFolderAccess: (_who, { id }) => folderAccess(ctx, id),
    setFolderAccess: (_who, wish) => setFolderAccess(ctx, peopleAmong, wish),
    browseTree: (who, ask) => browseTree(ctx, who, ask),
    listDuplicates: (_who, ask) => listDuplicates(ctx, ask),
    listMissing: (_who, ask) => listMissing(ctx, ask),
    getChanges: (who, ask) => changesFor(ctx, who, ask),
  }
}
