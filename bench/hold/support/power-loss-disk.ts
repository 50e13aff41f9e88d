import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system whose unsynced writes are lost when its power is cut. */
export interface PowerLossDisk extends Disposable {
  readonly folder: string;
  /**
   * Copies the block device as it is, without what is only in the page cache. Call it while the writers are paused.
   * @returns a function that mounts the copy in place of the disk. No process may have files open in it then.
   */
  cutPower(): () => void;
}

const SIZE = 512 * 2 ** 20;

/**
 * An ext4 file system on a loop device, whose backing file is in memory. What was written but not synced is in the page cache
 * of the file system only, so a copy of the backing file is what a disk holds after a loss of power. The kernel writes back
 * what is older than 30 s by itself; a test should be shorter.
 *
 * @throws when loop devices cannot be mounted
 */
export function createPowerLossDisk(): PowerLossDisk {
  const home = mkdtempSync('/dev/shm/cinematica-power-');
  const folder = mkdtempSync(join(tmpdir(), 'cinematica-power-'));
  let image = join(home, 'disk-0');
  const mount = () => {
    execFileSync('mount', ['-o', 'loop,commit=300', image, folder], { stdio: 'pipe' });
  };
  try {
    writeFileSync(image, '');
    truncateSync(image, SIZE);
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'pipe' });
    mount();
  } catch (error) {
    rmSync(home, { recursive: true });
    rmSync(folder, { recursive: true });
    throw error;
  }
  return {
    folder,
    cutPower() {
      const copy = join(home, `disk-${Date.now()}`);
      copyFileSync(image, copy);
      return () => {
        execFileSync('umount', [folder]);
        rmSync(image);
        image = copy;
        mount();
      };
    },
    [Symbol.dispose]() {
      execFileSync('umount', ['-l', folder]);
      rmSync(home, { recursive: true });
      rmSync(folder, { recursive: true });
    },
  };
}
