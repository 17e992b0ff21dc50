/** Which file systems are known, by the number that statfs(2) gives; see linux/magic.h. */
import { type StatsFs, statfsSync } from "node:fs";
import type { NativePath } from "./names.js";
import { DiskPace } from "./pace.js";

/**
 * File systems of this machine that behave as POSIX says. Whatever is not here (NFS, SMB, FUSE, vfat, a new
 * one) works too, but is read and written asynchronously and its time stamps are not relied on.
 */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
  0xca451a4e, // bcachefs
  0x794c7630, // overlayfs
  0x3153464a, // JFS
  0x73717368, // SquashFS
  0x9660, // ISO 9660
  0x9fa0, // proc
  0x62656572, // sysfs
]);

/** More mounts than a machine has; those beyond it are asked for, and begin anew, each time. */
const MOST_DISKS = 256;

/** One mounted file system. What is learnt of it holds for every root on it. */
export interface Disk {
  readonly local: boolean;
  readonly reads: DiskPace;
  readonly writes: DiskPace;
}

const disks = new Map<number, Disk>();

/** The disk of a device number (`st_dev`); `path` is on it and does not end in a link. */
export function diskOf(device: number, path: NativePath): Disk {
  return disks.get(device) ?? learnDisk(device, path);
}

/** As {@link diskOf}, but looks again: the numbers of what has no device are used again after an unmount. */
export function learnDisk(device: number, path: NativePath): Disk {
  const local = LOCAL.has(typeOf(path));
  const known = disks.get(device);
  if (known !== undefined && known.local === local) return known;
  const disk: Disk = { local, reads: new DiskPace(local), writes: new DiskPace(local) };
  if (known !== undefined || disks.size < MOST_DISKS) disks.set(device, disk);
  return disk;
}

function typeOf(path: NativePath): number {
  let found: StatsFs;
  try {
    found = statfsSync(path);
  } catch {
    return 0;
  }
  // The field is a signed 32-bit number on some architectures.
  return found.type < 0 ? found.type + 2 ** 32 : found.type;
}
