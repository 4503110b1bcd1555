/**
 * Everything behind a session is private, also under a name that looks like a static file: what the app says about
 * shared caches is taken back, and where it says nothing, nothing is stored.
 */
export function privateCaching(cacheControl: string | null): string {
  if (cacheControl === null || cacheControl.trim() === '') return 'private, no-store';
  const directives = cacheControl.split(',').map((directive) => directive.trim());
  const names = directives.map((directive) => directive.split('=')[0]?.trim().toLowerCase() ?? '');
  if (names.includes('no-store')) return cacheControl;
  const kept = directives.filter((_, i) => {
    const name = names[i];
    return name !== '' && name !== 'public' && name !== 's-maxage' && name !== 'private' && name !== 'proxy-revalidate';
  });
  return ['private', ...kept].join(', ');
}
