import { refuseFields } from '@cinematica/protocol';

/** The order of `ListVideos`. */
export type ListOrder = 'newest first' | 'oldest first';

/**
 * Parses `order_by` (https://google.aip.dev/132#ordering).
 * @throws RpcError INVALID_ARGUMENT for another field or direction.
 */
export function parseOrder(orderBy: string): ListOrder {
  switch (orderBy.trim().replaceAll(/\s+/g, ' ')) {
    case '':
    case 'create_time desc':
      return 'newest first';
    case 'create_time':
    case 'create_time asc':
      return 'oldest first';
    default:
      throw refuseFields([{ field: 'order_by', description: 'must be “create_time” or “create_time desc”' }]);
  }
}
