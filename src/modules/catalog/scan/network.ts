/**
 * File systems (`statfs` type, Linux) whose files others may change without this system hearing of it: inotify tells
 * only what was done through this machine. FUSE may be local, but who serves it may change it from behind, too.
 */
const UNTOLD: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x786f4256, 'a VirtualBox folder'],
  [0xbacbacbc, 'a VMware folder'],
  [0x7c7c6673, 'a Parallels folder'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NetWare'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
  [0x19830326, 'BeeGFS'],
])

/** What a file system is called when changes made elsewhere are not told of; undefined for the others. */
export const untoldName = (fsType: number): string | undefined => UNTOLD.get(fsType >>> 0)
