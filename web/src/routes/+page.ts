import { redirect } from '@sveltejs/kit';
import { parseCreateIntent } from '#lib/create/create-intent.ts';
import type { PageLoad } from './$types';

/** Links of earlier versions opened a video or a shared photo on the start page. */
export const load: PageLoad = ({ url }) => {
  if (parseCreateIntent(url.searchParams)) redirect(307, `/create${url.search}`);
};
